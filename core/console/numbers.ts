// Human numbers are Cyrillic; in addresses they are Latin: «ЗС-2026-0412» is zs-2026-0412.
const series: Record<string, string> = {
  ЗС: 'zs',
  ЗР: 'zr',
  ИН: 'in',
  ПУ: 'pu',
  АУ: 'au',
  УП: 'up',
  ОТ: 'ot',
  МО: 'mo',
  ПК: 'pk',
  ОД: 'od',
  СЧ: 'sch',
  СБ: 'sb',
};
const back = Object.fromEntries(Object.entries(series).map(([cyrillic, latin]) => [latin, cyrillic]));

/** The form of a number that goes into an address. Ids and unknown series stay as they are. */
export function toPath(number: string): string {
  const dash = number.indexOf('-');
  const latin = series[number.slice(0, dash)];
  return latin ? latin + number.slice(dash) : number;
}

/** The number or id that an address names; also takes the Cyrillic form. */
export function fromPath(part: string): string {
  const dash = part.indexOf('-');
  const cyrillic = dash > 0 ? back[part.slice(0, dash).toLowerCase()] : undefined;
  return cyrillic ? cyrillic + part.slice(dash) : part;
}
