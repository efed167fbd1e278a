// The program of tally_test.go in JavaScript.
'use strict'

let state = { sent: {}, received: {}, keys: [], waiting: [] }
let me
let nodes = []
let epoch = 1

const send = (dest, body) => process.stdout.write(JSON.stringify({ src: me, dest, body }) + '\n')

function tick () {
  for (const add of state.waiting) add.after--
  for (const { client, msg_id: id, key } of state.waiting.filter(add => add.after <= 0)) {
    send(client, { type: 'add_ok', in_reply_to: id, index: state.keys.length, epoch })
    state.keys.push(key)
  }
  state.waiting = state.waiting.filter(add => add.after > 0)
  for (const other of nodes.filter(n => n !== me)) {
    state.sent[other] = (state.sent[other] ?? 0) + 1
    send(other, { type: 'count', number: state.sent[other] })
  }
}

const handlers = {
  init (src, body) {
    me = body.node_id
    nodes = body.node_ids
    epoch = body.epoch ?? 1
    return {}
  },
  count (src, { number }) {
    const want = (state.received[src] ?? 0) + 1
    if (number !== want) {
      console.error(`tally: from ${src}: got message ${number}, want ${want}`)
      process.exit(1)
    }
    state.received[src] = want
  },
  add (src, { msg_id, key, after = 0 }) { state.waiting.push({ client: src, msg_id, key, after }) },
  snapshot: () => ({ state }),
  restore (src, body) {
    state = body.state
    return {}
  }
}

let rest = '' // the beginning of a line

process.stdin.setEncoding('utf8')
  .on('data', text => {
    const lines = (rest + text).split('\n')
    rest = lines.pop()
    for (const line of lines) {
      const { src, body } = JSON.parse(line)
      const reply = handlers[body.type]?.(src, body)
      if (reply) send(src, { type: body.type + '_ok', in_reply_to: body.msg_id, ...reply })
    }
  })
  .on('end', () => process.exit())

setInterval(tick, 10)
