TOKEN="${SROK_TOKEN:-YOUR_TOKEN}"
URL='{{address}}/relay/v1'

# Publish: the body goes as it is, whatever its type.
curl -sS "$URL/channels/{{path}}/messages" \
  -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \
  --data-binary '{"hello":"world"}'
echo

# What came after an offset, while it can still be had.
curl -sS "$URL/channels/{{path}}/messages?after=0" -H "Authorization: Bearer $TOKEN"
echo
