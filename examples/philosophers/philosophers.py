"""Dining philosophers. Each node has a fork. To eat, a philosopher needs its own fork and
its neighbour's, and whoever asks a philosopher to eat gets an answer after the meal:

    chandy call n1 '{"type":"eat"}'

Each takes its own fork first, except the last one, who takes the neighbour's first. With
GREEDY=1 the last one does as the others: all can then wait for each other for ever.

The program knows nothing of snapshots. Its node knows which requests it has not answered,
and that is enough to find the philosophers who wait for each other.
"""
import json
import os
import sys


class Philosopher:
    def __init__(self):
        self.id = self.right = None
        self.steps = []  # of the meal in progress that are to come
        self.guests = []  # who waits for a meal: [client, msg_id]
        self.fork_free = True
        self.queue = []  # who waits for our fork: the neighbour's [id, msg_id], or None for us
        self.asked = 0

    def send(self, dest, **body):
        print(json.dumps({"src": self.id, "dest": dest, "body": body}), flush=True)

    def next_step(self):
        """Goes on with the meal, until it has to wait for a fork."""
        if not self.steps:
            if not self.guests:
                return
            self.steps = list(self.order)
        step = self.steps[0]
        if step == "own":
            self.queue.append(None)
            self.give_fork()
        elif step == "right":
            self.asked += 1
            self.send(self.right, type="fork", msg_id=self.asked)
        else:
            client, msg_id = self.guests.pop(0)
            self.send(client, type="eat_ok", in_reply_to=msg_id)
            self.send(self.right, type="put_down")
            self.steps = []
            self.fork_free = True
            self.give_fork()
            self.next_step()

    def done(self, step):
        assert self.steps[0] == step
        self.steps.pop(0)
        self.next_step()

    def give_fork(self):
        if not self.fork_free or not self.queue:
            return
        self.fork_free = False
        taker = self.queue.pop(0)
        if taker is None:
            self.done("own")
        else:
            self.send(taker[0], type="fork_ok", in_reply_to=taker[1])

    def handle(self, src, body):
        kind, msg_id = body["type"], body.get("msg_id")
        if kind == "init":
            ids = body["node_ids"]
            self.id = body["node_id"]
            place = ids.index(self.id)
            self.right = ids[(place + 1) % len(ids)]
            self.order = ["own", "right", "eat"]
            if place == len(ids) - 1 and os.environ.get("GREEDY") != "1":
                self.order = ["right", "own", "eat"]
            self.send(src, type="init_ok", in_reply_to=msg_id)
        elif kind == "eat":
            self.guests.append([src, msg_id])
            if len(self.guests) == 1:
                self.next_step()
        elif kind == "fork":
            self.queue.append([src, msg_id])
            self.give_fork()
        elif kind == "fork_ok":
            self.done("right")
        elif kind == "put_down":
            self.fork_free = True
            self.give_fork()
        elif msg_id is not None and kind != "error":
            self.send(src, type="error", in_reply_to=msg_id, code=10, text="what is %s?" % kind)


philosopher = Philosopher()
for line in sys.stdin:
    message = json.loads(line)
    philosopher.handle(message["src"], message["body"])
