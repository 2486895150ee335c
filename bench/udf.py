#!/usr/bin/env python3
"""What people write today: an executable function in Python. JSONEachRow in, JSONEachRow out, one message a line."""
import json
import sys
from datetime import datetime, timezone


def time(text):
    if not text:
        return None
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if moment.tzinfo:
        moment = moment.astimezone(timezone.utc)
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")


def decode(message):
    document = json.loads(message)
    after = document["after"]
    if document["op"] not in ("c", "r") or after["aggregate_type"] not in ("event", "assignment"):
        return {"outcome": "skipped"}
    payload = json.loads(after["payload"])
    properties = payload.get("properties", {})
    text = properties
    if isinstance(properties, str):
        properties = json.loads(properties)
    else:
        text = json.dumps(properties, ensure_ascii=False, separators=(",", ":"))
    return {
        "outcome": "event", "id": after["aggregate_id"],
        "experiment_id": payload["experiment_id"], "variant_id": payload["variant_id"], "user_id": payload["user_id"],
        "variant_key": payload.get("variant_key", ""), "event_type": payload.get("event_type", ""),
        "session_id": payload.get("session_id", ""), "request_id": payload.get("request_id", ""),
        "timestamp": time(payload["timestamp"]), "assignment_at": time(payload.get("assignment_at")), "properties": text,
        "value": properties.get("value", 0), "score": properties.get("score", 0), "page": properties.get("page", ""),
        "device": properties.get("device", ""), "browser": properties.get("browser", ""),
        "created_at": time(after.get("created_at")), "updated_at": time(after.get("updated_at")),
        "outbox_id": str(after["id"]), "lsn": document["source"]["lsn"]}


def main():
    for line in sys.stdin:
        try:
            result = decode(json.loads(line)["message"])
        except (KeyError, TypeError, ValueError) as error:
            result = {"outcome": "error", "reason": repr(error)}
        sys.stdout.write(json.dumps({"result": result}, ensure_ascii=False) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
