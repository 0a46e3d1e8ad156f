/**
 * The text of a member of a JSON object as it stands there: parsed and written again, a number could be another one.
 * @param json a valid JSON object
 * @returns null when there is no such member; of a repeated one the last, as JSON.parse has it
 */
export function rawMember(json: string, name: string): string | null {
  let found: string | null = null;
  let depth = 0;
  let key = '';
  let start = -1; // of a value of the outermost object
  for (let at = 0; at < json.length; at++) {
    const char = json[at];
    if (char === '"') {
      const end = endOfString(json, at);
      if (depth === 1 && start === -1) key = JSON.parse(json.slice(at, end + 1));
      at = end;
    } else if (char === ':' && depth === 1) start = at + 1;
    else if ((char === ',' || char === '}') && depth === 1) {
      if (start !== -1 && key === name) found = json.slice(start, at).trim();
      start = -1;
      if (char === '}') depth--;
    } else if (char === '{' || char === '[') depth++;
    else if (char === '}' || char === ']') depth--;
  }
  return found;
}

function endOfString(json: string, start: number): number {
  let at = start + 1;
  while (json[at] !== '"') at += json[at] === '\\' ? 2 : 1;
  return at;
}
