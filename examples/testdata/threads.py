"""Finds the smallest divisor of a number, each in a thread of its own.

    {"type":"divide","number":2147483647}

The threads are no part of a snapshot. So what they are at work on is in the state,
from the moment in which its line is taken until its reply is printed.
"""
import json
import sys
import threading

lock = threading.Lock()  # around the state and what is printed
state = {"jobs": []}  # those that are not answered yet
me = None


def send(dest, **body):
    print(json.dumps({"src": me, "dest": dest, "body": body}), flush=True)


def work(job):
    n = job["number"]
    divisor = next((d for d in range(2, int(n**0.5) + 1) if n % d == 0), n)
    with lock:
        state["jobs"].remove(job)
        send(job["src"], type="divide_ok", in_reply_to=job["msg_id"], divisor=divisor)


def begin(job):
    threading.Thread(target=work, args=[job]).start()


for line in sys.stdin:
    message = json.loads(line)
    src, body = message["src"], message["body"]
    msg_id = body.get("msg_id")
    with lock:
        if body["type"] == "init":
            me = body["node_id"]
            send(src, type="init_ok", in_reply_to=msg_id)
        elif body["type"] == "divide":
            job = {"src": src, "msg_id": msg_id, "number": body["number"]}
            state["jobs"].append(job)
            begin(job)
        elif body["type"] == "snapshot":
            send(src, type="snapshot_ok", in_reply_to=msg_id, state=state)
        elif body["type"] == "restore":
            state = body["state"]
            send(src, type="restore_ok", in_reply_to=msg_id)
            for job in state["jobs"]:
                begin(job)
        elif msg_id is not None:
            send(src, type="error", in_reply_to=msg_id, code=10, text="what is it?")
