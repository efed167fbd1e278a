"""The program of tally_test.go in Python."""
import json
import queue
import sys
import threading
import time

TICK = 0.01  # seconds
state = {"sent": {}, "received": {}, "keys": [], "waiting": []}
me, nodes, epoch = None, [], 1
lines = queue.SimpleQueue()


def send(dest, **body):
    print(json.dumps({"src": me, "dest": dest, "body": body}), flush=True)


def read():
    for line in sys.stdin:
        lines.put(line)
    lines.put(None)


def tick():
    left = []
    for add in state["waiting"]:
        add["after"] -= 1
        if add["after"] > 0:
            left.append(add)
            continue
        send(add["client"], type="add_ok", in_reply_to=add["msg_id"], index=len(state["keys"]), epoch=epoch)
        state["keys"].append(add["key"])
    state["waiting"] = left
    for other in nodes:
        if other != me:
            state["sent"][other] = state["sent"].get(other, 0) + 1
            send(other, type="count", number=state["sent"][other])


def take(src, body):
    global me, nodes, epoch, state
    kind, reply = body["type"], {}
    if kind == "init":
        me, nodes, epoch = body["node_id"], body["node_ids"], body.get("epoch", 1)
    elif kind == "count":
        want = state["received"].get(src, 0) + 1
        if body["number"] != want:
            sys.exit(f"tally: from {src}: got message {body['number']}, want {want}")
        state["received"][src] = want
        return
    elif kind == "add":
        state["waiting"].append({"client": src, "msg_id": body["msg_id"], "key": body["key"], "after": body.get("after", 0)})
        return
    elif kind == "snapshot":
        reply = {"state": state}
    elif kind == "restore":
        state = body["state"]
    else:
        return
    send(src, type=kind + "_ok", in_reply_to=body["msg_id"], **reply)


threading.Thread(target=read, daemon=True).start()
due = time.monotonic() + TICK
while True:
    try:
        line = lines.get(timeout=max(0, due - time.monotonic()))
    except queue.Empty:
        tick()
        due = time.monotonic() + TICK
        continue
    if line is None:
        break
    message = json.loads(line)
    take(message["src"], message["body"])
