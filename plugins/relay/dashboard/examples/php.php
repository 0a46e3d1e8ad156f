<?php
$token = getenv('SROK_TOKEN') ?: 'YOUR_TOKEN';
$url = '{{address}}/relay/v1';

function call(string $method, string $address, string $token, ?string $body = null): array
{
    $headers = "Authorization: Bearer $token\r\nContent-Type: application/json\r\n";
    $http = ['method' => $method, 'header' => $headers, 'content' => $body, 'ignore_errors' => true];
    $text = file_get_contents($address, false, stream_context_create(['http' => $http]));
    if ($text === false) {
        throw new RuntimeException('The service does not answer');
    }
    $answer = json_decode($text, true, flags: JSON_THROW_ON_ERROR);
    if (isset($answer['code'])) {
        throw new RuntimeException($answer['detail'] ?? $answer['code']);
    }
    return $answer;
}

// Publish: the body goes as it is.
$sent = call('POST', "$url/channels/{{path}}/messages", $token, json_encode(['hello' => 'world']));
echo $sent['channel'], ' ', $sent['offset'], "\n";

// What came after an offset, while it can still be had.
$after = $sent['offset'] - 1;
foreach (call('GET', "$url/channels/{{path}}/messages?after=$after", $token)['messages'] as $message) {
    echo $message['offset'], ' ', $message['data'], "\n";
}
