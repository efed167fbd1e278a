# The words of expressions that are written in jq. Each is about the whole snapshot, whatever
# "." is at its place: a call of _root returns the snapshot. Words that begin with _ are Go:
# see words.go. Each comment ends with an example.

# _field is .name in an expression: see strict.go.
def _field($name): if type == "object" and (has($name) | not) then _absent($name) else . end | .[$name];

# _demand is its input, if f does not fail: see strict_pattern.go.
def _demand(f): (f | empty), .;

# _seen notes the value of a word for the user: see strict.go.
def _seen($text; f): f | _note($text);

# states: an object from the id of each process to its state. states.p1.balance
def states: _root | _whole | _states;

# in_flight: each message in flight, as {from, to, seq, payload}. [in_flight] | length == 0
def in_flight: _root | _whole | _in_flight[];

# in_flight(from; to): the messages in flight on one channel. [in_flight("p1"; "p2")] | length
def in_flight($from; $to): _root | _channel($from; $to) | in_flight | select(.from == $from and .to == $to);

# total(f; g): the sum of f over the states and of g over the payloads in flight.
# total(.balance; .amount) == 3000
def total(f; g):
  [states | to_entries[] | .key as $id | .value | f | _number($id)] as $held
  | [in_flight | _name as $name | .payload | g | _number($name)] as $flying
  | ($held + $flying | add // 0);

# _single(name; f): the value of f, which must have one.
def _single($name; f): [f] | _only($name);

# _holders(f): the processes of which f is true. It takes those whose part came.
def _holders(f): [_root | _states | to_entries[] | .key as $id | select(.value | _single($id; f) | _boolean($id)) | .key];

# _verdict(bad): its input names the witnesses. False holds even if parts of the snapshot are
# missing. True needs all of it.
def _verdict(bad): _witness | if bad then false else (_root | _whole | true) end;

# each(f): f is true of every state. each(.balance >= 0)
def each(f): [_root | _states | to_entries[] | .key as $id | select(.value | _single($id; f) | _boolean($id) | not) | .key]
  | _verdict(length > 0);

# same(f): f has the same value in all states. same(.term)
def same(f): [_root | _states | to_entries[] | .key as $id | .value |= (_single($id; f) | _value($id))] as $all
  | ([$all[1:][] | _compare("=="; $all[0].value; .value)] | all | not) as $differ
  | $all | map("\(.key): \(.value | tojson)") | _verdict($differ);

# at_most_one(f): f is true of at most one state. at_most_one(.role == "leader")
def at_most_one(f): _holders(f) | _verdict(length > 1);

# exactly_one(f; g): the states with f and the payloads in flight with g are one together.
# exactly_one(.tokens == 1; .type == "token")
def exactly_one(f; g):
  _holders(f) as $held
  | [_root | _in_flight[] | _name as $name | select(.payload | _single($name; g) | _boolean($name)) | $name] as $flying
  | $held + $flying | if length == 0 then _witness | _root | _whole | false else _verdict(length > 1) end;

# _lacks($v): the value is not in the list, which has another of its type or is empty.
def _lacks($v): if length == 0 or any(type == ($v | type)) then all(. != $v) else _compare("!="; $v; .[0]) end;

# subset(f; g): the values of f over the states are all among those of g.
# subset(.committed[]; .proposed[])
def subset(f; g):
  (_root | _whole | [_states | to_entries[] | .key as $id | .value | g | _value($id)]) as $known
  | [_root | _states | to_entries[] | .key as $id | .value | f | _value($id) | . as $v | select($known | _lacks($v)) | "\($id): \($v | tojson)"]
  | _verdict(length > 0);

# deadlocked: processes wait for each other in a circle, each for all processes in the field
# waiting_for of its state. deadlocked | not
def deadlocked(f): [_root | _states | to_entries[] | {key, value: [.value | f | _waits[]]}] | from_entries | _deadlocked("all");
def deadlocked: deadlocked(_field("waiting_for"));

# deadlocked_any(f): a set of processes of which each waits for any one of f, and all of these
# are in the set. deadlocked_any(.waiting_for)
def deadlocked_any(f): [_root | _states | to_entries[] | {key, value: [.value | f | _waits[]]}] | from_entries | _deadlocked("any");

# terminated: every process says that it is idle, and every channel is empty. terminated
def terminated: _terminated;

# stalled: processes wait for each other's answers, and only a timer or a client can move them.
# stalled | not
def stalled: _stalled;
