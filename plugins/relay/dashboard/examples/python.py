import json
import os
from urllib.request import Request, urlopen

token = os.environ.get("SROK_TOKEN", "YOUR_TOKEN")
url = "{{address}}/relay/v1"


def call(method, address, body=None):
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    with urlopen(Request(address, data=body, headers=headers, method=method)) as answer:
        return json.load(answer)


# Publish: the body goes as it is.
sent = call("POST", f"{url}/channels/{{path}}/messages", json.dumps({"hello": "world"}).encode())
print(sent["channel"], sent["offset"])

# What came after an offset, while it can still be had.
after = sent["offset"] - 1
for message in call("GET", f"{url}/channels/{{path}}/messages?after={after}")["messages"]:
    print(message["offset"], message["data"])
