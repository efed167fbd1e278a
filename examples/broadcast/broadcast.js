// A broadcast. What one node is told, all hear: each node gossips what is new to its
// neighbours, and again until they have acknowledged it.
//
//     chandy call n1 '{"type":"broadcast","message":7}'
//     chandy call n5 '{"type":"read"}'
//
// Its snapshots need two handlers, snapshot and restore, and no more:
//
//   - All that another instance needs to go on from is in seen and unacked. What is
//     in unacked is sent again by the timer: so the timer itself need not be saved.
//   - node runs one function at a time, and no function here awaits anything. So
//     snapshot finds every earlier line in the state, none half, and what has been
//     printed until then is what this state has sent.
'use strict'

const RETRY = 500 // milliseconds

let id
let neighbours = []
let seen = new Set() // messages
let unacked = new Map() // neighbour -> the messages that it has not acknowledged

const send = (dest, body) => process.stdout.write(JSON.stringify({ src: id, dest, body }) + '\n')

function learn (messages, from) {
  const fresh = messages.filter(m => !seen.has(m)) // a message may come any number of times
  if (fresh.length === 0) return
  fresh.forEach(m => seen.add(m))
  for (const n of neighbours.filter(n => n !== from)) {
    unacked.set(n, [...unacked.get(n) ?? [], ...fresh])
    send(n, { type: 'gossip', messages: fresh })
  }
}

function retry () {
  for (const [n, messages] of unacked) send(n, { type: 'gossip', messages })
}

const handlers = {
  init (src, body, reply) {
    id = body.node_id
    neighbours = body.node_ids.filter(n => n !== id) // until there is a topology
    reply({ type: 'init_ok' })
  },
  topology (src, body, reply) {
    neighbours = body.topology[id]
    reply({ type: 'topology_ok' })
  },
  broadcast (src, body, reply) {
    learn([body.message])
    reply({ type: 'broadcast_ok' })
  },
  read (src, body, reply) {
    reply({ type: 'read_ok', messages: [...seen] })
  },
  gossip (src, body) {
    learn(body.messages, src)
    send(src, { type: 'gossip_ok', messages: body.messages })
  },
  gossip_ok (src, body) {
    const left = (unacked.get(src) ?? []).filter(m => !body.messages.includes(m))
    left.length > 0 ? unacked.set(src, left) : unacked.delete(src)
  },
  snapshot (src, body, reply) {
    reply({ type: 'snapshot_ok', state: { seen: [...seen], unacked: Object.fromEntries(unacked) } })
  },
  restore (src, body, reply) {
    seen = new Set(body.state.seen)
    unacked = new Map(Object.entries(body.state.unacked))
    reply({ type: 'restore_ok' })
  }
}

function handle ({ src, body }) {
  const reply = more => send(src, { in_reply_to: body.msg_id, ...more })
  if (Object.hasOwn(handlers, body.type)) handlers[body.type](src, body, reply)
  else if ('msg_id' in body) reply({ type: 'error', code: 10, text: `what is ${body.type}?` })
}

let rest = '' // the beginning of a line

process.stdin.setEncoding('utf8')
  .on('data', text => {
    const lines = (rest + text).split('\n') // readline of Node.js 24 also splits at U+2028
    rest = lines.pop()
    for (const line of lines) handle(JSON.parse(line))
  })
  .on('end', () => process.exit()) // the end of the input is the end: the timer would go on

setInterval(retry, RETRY)
