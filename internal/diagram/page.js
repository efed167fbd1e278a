'use strict';
(function () {
  const data = JSON.parse(document.getElementById('data').textContent);
  const $ = (id) => document.getElementById(id);
  const views = { logical: $('logical'), real: $('real') };
  const hasReal = views.real.querySelector('svg') !== null;
  const events = new Map(data.events.map((e) => [e.i, e]));
  const lanes = [];
  for (const e of data.events) (lanes[e.l] = lanes[e.l] || []).push(e.i);
  const place = new Map(); // index of an event in its lane
  for (const lane of lanes) lane.forEach((i, n) => place.set(i, n));

  // Elements of each event and message, in both views.
  const elements = { e: new Map(), m: new Map() };
  for (const node of document.querySelectorAll('[data-e],[data-m]')) {
    const of = node.dataset.e !== undefined ? 'e' : 'm';
    const i = Number(node.dataset[of]);
    if (!elements[of].has(i)) elements[of].set(i, []);
    elements[of].get(i).push(node);
  }
  const each = (do_) => {
    for (const of of ['e', 'm']) for (const [i, nodes] of elements[of]) for (const node of nodes) do_(of, i, node);
  };

  const state = { view: 'logical', event: null, message: null, find: '', filter: '' };

  // related returns the causes and effects of events, themselves included.
  function related(start) {
    const seen = new Set();
    const walk = (step) => {
      const done = new Set(), todo = start.slice();
      while (todo.length > 0) {
        const i = todo.pop();
        if (done.has(i) || !events.has(i)) continue;
        done.add(i);
        seen.add(i);
        const next = lanes[events.get(i).l][place.get(i) + step];
        if (next !== undefined) todo.push(next);
        const m = data.messages[events.get(i).m];
        if (m && !m.w) {
          if (step > 0 && m.s === i) todo.push(m.r);
          if (step < 0 && m.r === i) todo.push(m.s);
        }
      }
    };
    walk(1);
    walk(-1);
    return seen;
  }

  // twins returns what shows the same in the other snapshot of a pair.
  function twins(of, i) {
    if (data.lanes === 0) return [];
    if (of === 'm') return data.messages[i].o || [];
    const e = events.get(i);
    if (e.k === 'recorded') return [cutOf((e.l + data.lanes) % lanes.length)];
    return twins('m', e.m).map((m) => (e.k === 'sent' ? data.messages[m].s : data.messages[m].r));
  }

  function focus(of, i) {
    const start = [i, ...twins(of, i)].flatMap((i) => (of === 'e' ? [i] : [data.messages[i].s, data.messages[i].r]));
    const near = related(start);
    each((kind, j, node) => {
      const keep = kind === 'e' ? near.has(j) : near.has(data.messages[j].s) && near.has(data.messages[j].r);
      node.classList.toggle('dim', !keep);
    });
  }
  const unfocus = () => each((of, i, node) => node.classList.remove('dim'));

  function describe(of, i) {
    const list = $('list');
    list.replaceChildren();
    let m = null;
    if (of === 'e') {
      $('what').textContent = events.get(i).t;
      m = data.messages[events.get(i).m];
      if (m) $('what').textContent += ' · ' + m.t;
    } else {
      m = data.messages[i];
      $('what').textContent = m.t;
    }
    if (!m || !m.p) return;
    list.start = m.f;
    for (const payload of m.p) {
      const item = document.createElement('li');
      item.textContent = payload;
      list.append(item);
    }
    if (m.n > m.p.length) {
      const item = document.createElement('li');
      item.textContent = 'and ' + (m.n - m.p.length) + ' more';
      list.append(item);
    }
  }

  // show paints the selection, or what the pointer is over.
  function show(of, i) {
    if (of === null) {
      unfocus();
      return;
    }
    focus(of, i);
    describe(of, i);
  }
  function selection() {
    if (state.event !== null) return ['e', state.event];
    if (state.message !== null) return ['m', state.message];
    return [null, null];
  }

  function text(of, i) {
    if (of === 'm') return data.messages[i].t + ' ' + (data.messages[i].p || []).join(' ');
    const m = events.get(i).m;
    return events.get(i).t + (m >= 0 ? ' ' + text('m', m) : '');
  }
  const matches = (of, i, words) => text(of, i).toLowerCase().includes(words.toLowerCase());

  function say() {
    const said = [];
    if (state.find) {
      let found = 0;
      for (const i of events.keys()) if (matches('e', i, state.find)) found++;
      said.push(found + (found === 1 ? ' event found' : ' events found'));
    }
    if (state.filter) {
      let hidden = 0;
      for (const [i, e] of events) if (e.k !== 'recorded' && !matches('e', i, state.filter)) hidden++;
      said.push(hidden + (hidden === 1 ? ' event hidden' : ' events hidden'));
    }
    $('said').textContent = said.join(' · ');
  }

  function render() {
    for (const name of Object.keys(views)) {
      views[name].hidden = name !== state.view;
      $('show-' + name).setAttribute('aria-pressed', String(name === state.view));
    }
    each((of, i, node) => {
      const recorded = of === 'e' && events.get(i).k === 'recorded';
      node.classList.toggle('hit', state.find !== '' && matches(of, i, state.find));
      node.classList.toggle('hid', state.filter !== '' && !recorded && !matches(of, i, state.filter));
      node.classList.toggle('sel', of === 'e' ? i === state.event : i === state.message);
    });
    for (const id of ['find', 'filter']) if ($(id).value !== state[id]) $(id).value = state[id];
    say();
    show(...selection());
    const words = new URLSearchParams();
    if (state.view !== 'logical') words.set('view', state.view);
    for (const key of ['event', 'message']) if (state[key] !== null) words.set(key, state[key]);
    for (const key of ['find', 'filter']) if (state[key] !== '') words.set(key, state[key]);
    const hash = words.toString();
    if (hash !== location.hash.slice(1)) history.replaceState(null, '', hash ? '#' + hash : location.pathname + location.search);
  }

  // load takes the state from the hash.
  function load() {
    const words = new URLSearchParams(location.hash.slice(1));
    const number = (key, known) => (words.has(key) && known(Number(words.get(key))) ? Number(words.get(key)) : null);
    state.view = words.get('view') === 'real' && hasReal ? 'real' : 'logical';
    state.event = number('event', (i) => events.has(i));
    state.message = number('message', (i) => data.messages[i] !== undefined);
    state.find = words.get('find') || '';
    state.filter = words.get('filter') || '';
    render();
  }

  const nodeOf = (i) => (elements.e.get(i) || []).find((node) => views[state.view].contains(node));
  function select(of, i) {
    state.event = of === 'e' ? i : null;
    state.message = of === 'm' ? i : null;
    render();
    const node = of === 'e' ? nodeOf(i) : null;
    if (node) node.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }
  const visible = (i) => nodeOf(i) !== undefined && !nodeOf(i).classList.contains('hid');
  const x = (i) => nodeOf(i).getBoundingClientRect().x;
  const cutOf = (lane) => lanes[lane].find((i) => events.get(i).k === 'recorded');

  // along selects the next event of the lane, or the nearest one of another lane.
  function along(step, otherLane) {
    if (state.event === null) return select('e', cutOf(0));
    const e = events.get(state.event);
    if (!otherLane) {
      for (let n = place.get(e.i) + step; n >= 0 && n < lanes[e.l].length; n += step) {
        if (visible(lanes[e.l][n])) return select('e', lanes[e.l][n]);
      }
      const next = data.lanes > 0 && lanes[e.l + step * data.lanes]; // of the other snapshot
      if (next) select('e', next.filter(visible).at(step > 0 ? 0 : -1));
      return;
    }
    const lane = lanes[e.l + step];
    if (!lane || data.lanes > 0 && e.l < data.lanes !== e.l + step < data.lanes) return;
    const here = x(e.i);
    const shown = lane.filter(visible);
    shown.sort((a, b) => Math.abs(x(a) - here) - Math.abs(x(b) - here));
    if (shown.length > 0) select('e', shown[0]);
  }

  function findNext() {
    const found = data.events.filter((e) => matches('e', e.i, state.find) && visible(e.i)).map((e) => e.i);
    if (found.length > 0) select('e', found[(found.indexOf(state.event) + 1) % found.length]);
  }

  const setView = (name) => { if (name !== 'real' || hasReal) { state.view = name; render(); } };
  const keys = {
    ArrowRight: () => along(1, false),
    ArrowLeft: () => along(-1, false),
    ArrowDown: () => along(1, true),
    ArrowUp: () => along(-1, true),
    Enter: () => $('side').focus(),
    '/': () => $('find').focus(),
    c: () => select('e', cutOf(state.event === null ? 0 : events.get(state.event).l)),
    v: () => setView(state.view === 'real' ? 'logical' : 'real'),
  };
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === 'Escape') {
      state.event = state.message = null;
      state.find = state.filter = '';
      document.activeElement.blur();
      render();
      return;
    }
    const inInput = event.target instanceof HTMLInputElement;
    if (inInput && event.key === 'Enter') return findNext();
    if (inInput || event.target instanceof HTMLButtonElement && event.key === 'Enter' || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });
  const target = (event) => {
    const node = event.target instanceof Element ? event.target.closest('[data-e],[data-m]') : null;
    if (!node) return [null, null];
    const of = node.dataset.e !== undefined ? 'e' : 'm';
    return [of, Number(node.dataset[of])];
  };
  let over = '';
  for (const view of Object.values(views)) {
    view.addEventListener('mouseover', (event) => {
      const [of, i] = target(event);
      if (String([of, i]) === over) return;
      over = String([of, i]);
      show(...(of === null ? selection() : [of, i]));
    });
    view.addEventListener('mouseleave', () => { over = ''; show(...selection()); });
    view.addEventListener('click', (event) => select(...target(event)));
  }
  for (const id of ['find', 'filter']) $(id).addEventListener('input', () => { state[id] = $(id).value; render(); });
  for (const name of Object.keys(views)) $('show-' + name).addEventListener('click', () => setView(name));
  $('show-real').disabled = !hasReal;
  window.addEventListener('hashchange', load);
  load();
  if (state.event === null) { // a narrow window begins at the cut
    const cut = document.querySelector('#' + state.view + ' .cut').getBoundingClientRect();
    document.querySelector('main').scrollLeft += cut.x - window.innerWidth / 2;
  }
})();
