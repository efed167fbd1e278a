"""A token ring. One token goes round the nodes, and each keeps it for a moment. Who
has it gives out tickets, whose numbers are unique throughout the ring:

    chandy call n2 '{"type":"ticket"}'

Its snapshots need two branches of handle, "snapshot" and "restore", and no more:

  - All that another instance needs to go on from is in one place, self.state.
  - One thread takes the lines, in order, and the timer. It is done with one before it
    begins the next. So "snapshot" finds every earlier line in the state, none half,
    and what has been printed until then is what this state has sent.
"""
import json
import queue
import sys
import threading
import time

HOLD = 0.05  # seconds for which a node keeps the token


class Node:
    def __init__(self):
        self.id = self.next = None  # from init, which comes before restore, too
        self.due = None  # when the token goes on: follows from the state
        self.state = {
            "token": None,  # {"hop": …, "ticket": …} while it is here
            "hop": 0,  # of the newest token seen; an older one is a copy
            "waiting": [],  # who has no ticket yet: [client, msg_id]
        }

    def send(self, dest, **body):
        print(json.dumps({"src": self.id, "dest": dest, "body": body}), flush=True)

    def take(self, hop, ticket):
        if hop > self.state["hop"]:
            self.state["hop"] = hop
            self.state["token"] = {"hop": hop, "ticket": ticket}
            self.due = time.monotonic() + HOLD
            self.serve()

    def serve(self):
        token, waiting = self.state["token"], self.state["waiting"]
        while token and waiting:
            client, msg_id = waiting.pop(0)
            self.send(client, type="ticket_ok", in_reply_to=msg_id, ticket=token["ticket"])
            token["ticket"] += 1

    def pass_on(self):
        token, self.state["token"], self.due = self.state["token"], None, None
        self.send(self.next, type="token", hop=token["hop"] + 1, ticket=token["ticket"])

    def handle(self, src, body):
        def reply(**more):
            self.send(src, in_reply_to=body["msg_id"], **more)

        kind = body["type"]
        if kind == "init":
            nodes, self.id = body["node_ids"], body["node_id"]
            self.next = nodes[(nodes.index(self.id) + 1) % len(nodes)]
            reply(type="init_ok")
            if self.id == nodes[0]:  # a restore puts another state in place of this
                self.take(hop=1, ticket=1)
        elif kind == "token":
            self.take(body["hop"], body["ticket"])
        elif kind == "ticket":
            self.state["waiting"].append([src, body["msg_id"]])
            self.serve()
        elif kind == "snapshot":
            reply(type="snapshot_ok", state=self.state)
        elif kind == "restore":
            self.state = body["state"]
            # whatever was left of the time, it begins again
            self.due = time.monotonic() + HOLD if self.state["token"] else None
            reply(type="restore_ok")
        elif "msg_id" in body:
            reply(type="error", code=10, text=f"what is {kind}?")


def read(lines):
    for line in sys.stdin:
        lines.put(line)
    lines.put(None)


def main():
    node, lines = Node(), queue.SimpleQueue()
    threading.Thread(target=read, args=[lines], daemon=True).start()
    while True:
        wait = node.due and max(0, node.due - time.monotonic())
        if wait == 0:
            node.pass_on()
            continue
        try:
            line = lines.get(timeout=wait)
        except queue.Empty:
            continue
        if line is None:  # the end of the input is the end
            return
        message = json.loads(line)
        node.handle(message["src"], message["body"])


main()
