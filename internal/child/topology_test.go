package child

import (
	"slices"
	"strings"
	"testing"

	"chandy/internal/config"
	"chandy/internal/maelstrom"
)

// Services are neither in the topology nor among the nodes.
func TestTopology(t *testing.T) {
	const service = "[[process]]\nid = \"kv\"\naddress = \"127.0.0.1:7999\"\nprogram = { kind = \"lin-kv\" }\n"
	named := file(2, "puppet", "", `channels = ["n2", "kv"]`) + service
	for _, c := range []struct{ text, want string }{
		{named, `{"n1":["n2"],"n2":["n1"]}`},
		{file(3, "puppet", "", `channels = ["n2"]`, `channels = []`, `channels = ["n3", "n1"]`), `{"n1":["n2"],"n2":[],"n3":["n1"]}`},
		{file(2, "puppet", "topology = \"none\"\n", `channels = ["n2"]`), ""},
		{file(2, "puppet", "topology = \"none\"\n"), ""},
		{file(3, "puppet", "topology = \"auto\"\n") + service, `{"n1":["n3","n2"],"n2":["n1"],"n3":["n1"]}`},
		{file(3, "puppet", "topology = \"line\"\n"), `{"n1":["n2"],"n2":["n1","n3"],"n3":["n2"]}`},
	} {
		want := c.want
		if want != "" {
			want = `{"type":"topology","topology":` + want + `}`
		}
		cluster := newCluster(t, c.text)
		if got := string(cluster.made("n1").topology); got != want {
			t.Errorf("topology: got %s, want %s\n%s", got, want, c.text)
		}
		if got := string(mustJSON(cluster.made("n2").init)); !strings.HasPrefix(got, `{"type":"init","node_id":"n2","node_ids":["n1","n2"`) || strings.Contains(got, "kv") {
			t.Errorf("init: got %s, want the children", got)
		}
	}
}

// In a file that names channels a shape could contain a neighbour without a channel.
func TestAShapeDoesNotFitNamedChannels(t *testing.T) {
	for _, shape := range maelstrom.Shapes() {
		cluster, err := config.Parse("cluster.toml", []byte(file(2, "puppet", "topology = \""+shape+"\"\n", `channels = ["n2"]`)))
		if err != nil {
			t.Fatal(err)
		}
		_, err = New(cluster, cluster.Processes[0])
		if err == nil || !strings.Contains(err.Error(), "topology: must not be \""+shape+"\" if the cluster file names channels") {
			t.Errorf("%s: got error %v, want a refusal", shape, err)
		}
	}
}

// The setting knows the same shapes as package maelstrom.
func TestEveryShapeIsASetting(t *testing.T) {
	for _, shape := range maelstrom.Shapes() {
		c := newCluster(t, file(4, "puppet", "topology = \""+shape+"\"\n"))
		if got, want := c.made("n1").topology, maelstrom.TopologyBody(maelstrom.Arrange(shape, childIDs(c.Config))); !slices.Equal(got, want) {
			t.Errorf("%s: got %s, want %s", shape, got, want)
		}
	}
}

// The topology is the first message after init, also where the file names no channels.
func TestTopologyIsTheFirstMessage(t *testing.T) {
	c := run(t, file(2, "puppet", "topology = \"auto\"\n"))
	want := []string{`{"src":"c0","dest":"n1","body":{"type":"topology","topology":{"n1":["n2"],"n2":["n1"]},"msg_id":2}}`}
	if got := c.await("n1", 1); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A message that came meanwhile is not lost: the child that was started again receives it.
func TestAChildThatExitsAtTopologyStartsAgainWithoutIt(t *testing.T) {
	c := run(t, file(2, "puppet", "topology = \"auto\"\n", with(env("knower"), `state = "snapshot"`)))
	if got, want := c.Call("n1", `{"type":"ping","msg_id":5}`), `{"type":"any_ok","in_reply_to":5}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	c.Logged("the child ended at topology and starts again without it")
	c.Logged("No handler for topology")
	if text, fault, _ := stateOf(c.Complete("n1"), "n1"); fault != "" || !strings.Contains(text, "ping") {
		t.Errorf("got state %s, error %q, want the state of the second child", text, fault)
	}
}

// What such a child has printed was sent, and the second child sends it again. An error on
// stdout is no reason to end either.
func TestAChildThatHasPrintedStartsAgain(t *testing.T) {
	talks := strings.Replace(env("knower"), "{", `{ TALKS = "1",`, 1)
	c := run(t, file(2, "puppet", "topology = \"auto\"\n", with(talks)))
	if got, want := c.Call("n1", `{"type":"ping","msg_id":5}`), `{"type":"any_ok","in_reply_to":5}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	c.Logged("the child ended at topology and starts again without it")
	hello := `{"src":"n1","dest":"n2","body":{"type":"hello"}}`
	if got := c.await("n2", 3); !slices.Equal(got[1:], []string{hello, hello}) {
		t.Errorf("n2: got %q, want topology and two times %s", got, hello)
	}
}

// A child that stays silent at topology gets its messages all the same.
func TestAChildMayStaySilentAtTopology(t *testing.T) {
	c := run(t, file(2, "puppet", "topology = \"auto\"\n", with(env("token"), `state = "snapshot"`)))
	if got := c.Call("n1", `{"type":"start"}`); !strings.Contains(got, "start_ok") {
		t.Errorf("got %s, want start_ok", got)
	}
	c.Logged("the child does not answer topology")
}
