package command

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
)

// broadcaster is a program for kind "exec". It sends every value that a client
// broadcasts to all other processes, and keeps the values that it has seen.
func broadcaster() {
	type body struct {
		Type    string          `json:"type"`
		ID      json.RawMessage `json:"msg_id,omitempty"`
		ReplyTo json.RawMessage `json:"in_reply_to,omitempty"`
		Node    string          `json:"node_id,omitempty"`
		Nodes   []string        `json:"node_ids,omitempty"`
		Message json.RawMessage `json:"message,omitempty"`
		Values  []string        `json:"values,omitempty"`
		Code    int             `json:"code,omitempty"`
		Text    string          `json:"text,omitempty"`
	}
	type message struct {
		Src  string `json:"src"`
		Dest string `json:"dest"`
		Body body   `json:"body"`
	}
	var self, values = body{}, []string{}
	out := json.NewEncoder(os.Stdout)
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		var m message
		if err := json.Unmarshal(in.Bytes(), &m); err != nil {
			panic(err)
		}
		reply := message{m.Body.Node, m.Src, body{Type: m.Body.Type + "_ok", ReplyTo: m.Body.ID}}
		switch m.Body.Type {
		case "init":
			self = m.Body
			fmt.Fprintf(os.Stderr, "I am %s of %v\x1b\n", self.Node, self.Nodes)
		case "broadcast", "tell":
			values = append(values, string(m.Body.Message))
			for _, other := range self.Nodes {
				if other != self.Node && m.Body.Type == "broadcast" {
					out.Encode(message{self.Node, other, body{Type: "tell", Message: m.Body.Message}})
				}
			}
			if m.Body.Type == "tell" {
				continue
			}
		case "read":
			slices.Sort(values)
			reply.Body.Values = values
		case "pid":
			reply.Body.Code = os.Getpid()
		case "shout":
			for n := range 2000 {
				fmt.Fprintf(os.Stderr, "%02000d\n", n)
			}
		case "grow":
			values = append(values, strings.Repeat("x", m.Body.Code))
		case "leave":
			fmt.Fprintln(os.Stderr, "as you wish")
			os.Exit(4)
		default:
			reply.Body = body{Type: "error", ReplyTo: m.Body.ID, Code: 10, Text: "what is " + m.Body.Type + "?"}
		}
		reply.Src = self.Node
		out.Encode(reply)
	}
}

// killChild kills the child of a process.
func killChild(ts *testscript.TestScript, _ bool, args []string) {
	exits(ts, false, []string{"0", "chandy", "call", args[0], `{"type":"pid"}`})
	var reply struct{ Code int }
	ts.Check(json.Unmarshal([]byte(strings.TrimSpace(ts.ReadFile("stdout"))), &reply))
	ts.Check(syscall.Kill(reply.Code, syscall.SIGKILL))
}
