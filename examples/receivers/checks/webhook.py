"""What the PyPI package `standardwebhooks` says to a message: {secret, headers, body} as JSON on standard input."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "python_packages"))
from standardwebhooks import Webhook, WebhookVerificationError  # noqa: E402

message = json.load(sys.stdin)
try:
    Webhook(message["secret"]).verify(message["body"], message["headers"])
    print("accepted")
except WebhookVerificationError as error:
    print(f"refused: {error}")
