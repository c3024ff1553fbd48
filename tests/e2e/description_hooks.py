"""What Schemathesis has to be told to make up requests from our description; tests/e2e/test_description.py."""

import schemathesis

schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
