package snapshot

import (
	"strings"
	"testing"
)

// TestDecodeNamesTheFault plants one fault after another in the golden files.
func TestDecodeNamesTheFault(t *testing.T) {
	const (
		p1      = `"p1": {`
		channel = `{"from": "p1", "to": "p2"`
		seq     = `{"seq": 118, "payload": {"amount": 9007199254740993}}`
	)
	for _, c := range []struct{ file, old, new, want string }{
		{"complete", `"chandy/snapshot.v1"`, `"chandy/snapshot.v2"`, `format: is "chandy/snapshot.v2", not "chandy/snapshot.v1"`},
		{"complete", `"chandy/snapshot.v1"`, `1`, `format: is a number, not a string`},
		{"complete", `"format": "chandy/snapshot.v1",`, ``, `snapshot has no "format"`},
		{"complete", `"id"`, `"format": "x", "id"`, `format: is there twice`},
		{"complete", `"id"`, `"Id"`, `snapshot has no "id"`},
		{"complete", `"20261122T073525123456Z-k3m9x2q7ab"`, `""`, `id: is empty`},
		{"complete", `"bank"`, `null`, `cluster: is null, not a string`},
		{"complete", `"bank"`, "\"\xff\"", `snapshot is not UTF-8: byte 96`},
		{"complete", `"bank"`, `"bank`, `snapshot is not JSON: byte 101: invalid character '\n' in string literal`},
		{"complete", `"missing": []`, `"missing": []}{`, `snapshot is not JSON: byte 2123: invalid character '{' after top-level value`},
		{"complete", `"epoch": 1,`, `"epoch": 1, "epoch": 2,`, `epoch: is there twice`},
		{"complete", `"epoch": 1,`, `"epoch": 1, "\u0065poch": 2,`, `epoch: is there twice`},
		{"complete", `"epoch": 1,`, `"epoch": 0,`, `epoch: is 0, the first is 1`},
		{"complete", `"epoch": 1,`, `"epoch": 1.5,`, `epoch: is 1.5, not a whole number from 0 to 18446744073709551615`},
		{"complete", `"epoch": 1,`, `"epoch": -1,`, `epoch: is -1, not a whole number from 0 to 18446744073709551615`},
		{"complete", `"epoch": 1,`, `"epoch": ` + strings.Repeat("9", 100) + `,`, `epoch: is ` + strings.Repeat("9", 64) + `…, not a whole number from 0 to 18446744073709551615`},
		{"complete", `"status": "complete"`, `"status": "partial"`, `status: is "partial", but missing has 0 elements`},
		{"partial", `"status": "partial"`, `"status": "complete"`, `status: is "complete", but missing has 3 elements`},
		{"complete", `["p1", "p3"]`, `[]`, `initiators: is empty`},
		{"complete", `["p1", "p3"]`, `"p1"`, `initiators: is a string, not an array`},
		{"complete", `["p1", "p3"]`, `["p1", 7]`, `initiators[1]: is a number, not a string`},
		{"complete", `["p1", "p3"]`, `["p1", "p9"]`, `initiators[1]: is "p9", which is neither in processes nor in missing`},
		{"complete", `["p1", "p3"]`, `["p1", "p1"]`, `initiators[1]: is "p1", which is there twice`},
		{"complete", `"2026-11-22T07:35:25.123456789Z"`, `"2026-11-22 07:35"`, `started_at: is "2026-11-22 07:35", not a time as in RFC 3339`},
		{"complete", `"2026-11-22T07:35:25.123456789Z"`, `"9999-12-31T23:00:00-02:00"`, `started_at: is "9999-12-31T23:00:00-02:00", not a time as in RFC 3339`},
		{"complete", `3.21`, `-3.21`, `elapsed_ms: is -3.21, not a length of time of at most 9223372036854 ms`},
		{"complete", `3.21`, `9223372036855`, `elapsed_ms: is 9223372036855, not a length of time of at most 9223372036854 ms`},
		{"complete", `3.21`, `1e999`, `elapsed_ms: is 1e999, not a length of time of at most 9223372036854 ms`},
		{"complete", `3.21`, `"3.21"`, `elapsed_ms: is a string, not a number`},
		{"complete", p1, `"P1": {`, `processes["P1"]: "P1" is no process id: it must consist of a-z, 0-9, '.', '_' and '-', and begin and end with a letter or a digit`},
		{"complete", p1, `"c1": {`, `processes["c1"]: "c1" is no process id: it is kept for clients (c followed by digits)`},
		{"complete", p1, `"p3": {`, `processes["p3"]: is there twice`},
		{"complete", p1, `"p1": {"state_base64": "",`, `processes["p1"]: has both "state" and "state_base64"`},
		{"complete", `"state_base64": "bm90IEpTT04=",`, ``, `processes["p2"]: has neither "state" nor "state_base64"`},
		{"complete", `"bm90IEpTT04="`, `"bm90IEpTT04"`, `processes["p2"].state_base64: is not base64`},
		{"complete", `"bm90IEpTT04="`, `"bm90IEpTT05="`, `processes["p2"].state_base64: is not base64`},
		{"complete", `"bm90IEpTT04="`, `"bm90\nIEpTT04="`, `processes["p2"].state_base64: is not base64`},
		{"complete", `"bm90IEpTT04="`, `true`, `processes["p2"].state_base64: is true, not a string`},
		{"complete", `"state": null`, `"state": 1`, `processes["p3"]: has a "state_error", and a state that is not null`},
		{"complete", `"state": null`, `"state_base64": ""`, `processes["p3"]: has a "state_error", and a state that is not null`},
		{"complete", `"cannot: \"<&>\""`, `""`, `processes["p3"].state_error: is empty`},
		{"complete", `"settled": "none",`, ``, `processes["p3"]: has only some of "settled", "printed_before_reply" and "unanswered"`},
		{"complete", `"held_ms": 0, `, ``, `processes["p1"].times: has no "held_ms"`},
		{"complete", `"sent_ms": 1000`, `"sent_ms": -1`, `processes["p1"].times.sent_ms: is -1, not a length of time of at most 9223372036854 ms`},
		{"complete", `"marker_ms": 98`, `"marker_ms": "98"`, `channels[0].marker_ms: is a string, not a number`},
		{"complete", `"idle": true`, `"idle": 1`, `processes["p2"].idle: is a number, not true or false`},
		{"complete", `"idle": true`, `"idle": null`, `processes["p2"].idle: is null, not true or false`},
		{"complete", `"open": []`, `"open": {}`, `processes["p2"].open: is an object, not an array`},
		{"complete", `"open": [],`, ``, `processes["p2"]: has only one of "open" and "open_total"`},
		{"complete", `"open_total": 0,`, ``, `processes["p2"]: has only one of "open" and "open_total"`},
		{"complete", `"open_total": 0,`, `"open_total": -1,`, `processes["p2"].open_total: is -1, not a whole number from 0 to 18446744073709551615`},
		{"complete", `"open_total": 9223372036854775808`, `"open_total": 2`, `processes["p3"]: 3 open requests are listed, but there are 2`},
		{"complete", `[]`, `[` + strings.Repeat(`{"from": "c1", "msg_id": 5, "since_ms": 1},`, OpenMax) + `{"from": "c1", "msg_id": 5, "since_ms": 1}]`, `processes["p2"].open[64]: is one more than 64`},
		{"complete", `"msg_id": 5, `, ``, `processes["p3"].open[0]: has no "msg_id"`},
		{"complete", `"msg_id": 5`, `"msg_id": true`, `processes["p3"].open[0]: msg_id: "true" is not a number or a string in JSON of at most 64 bytes`},
		{"complete", `"msg_id": 5`, `"msg_id": [5]`, `processes["p3"].open[0]: msg_id: "[5]" is not a number or a string in JSON of at most 64 bytes`},
		{"complete", `"msg_id": 5`, `"msg_id": ` + strings.Repeat("7", 65), `processes["p3"].open[0]: msg_id: "` + strings.Repeat("7", 64) + `…" is not a number or a string in JSON of at most 64 bytes`},
		{"complete", `"from": "c12"`, `"from": "P1"`, `processes["p3"].open[1]: from: "P1" must consist of a-z, 0-9, '.', '_' and '-', and begin and end with a letter or a digit`},
		{"complete", `"from": "c12"`, `"from": "c` + strings.Repeat("1", 64) + `"`, `processes["p3"].open[1]: from: "c` + strings.Repeat("1", 63) + `…" has 65 bytes, more than 64`},
		{"complete", `"from": "c12"`, `"from": 12`, `processes["p3"].open[1].from: is a number, not a string`},
		{"complete", `"since_ms": 12.3`, `"since_ms": -1`, `processes["p3"].open[0].since_ms: is -1, not a length of time of at most 9223372036854 ms`},
		{"complete", `"since_ms": 12.3`, `"since_ms": 0.5`, `processes["p3"]: open[1] is older than open[0]: the oldest comes first`},
		{"complete", `9223372036854775808`, `18446744073709551616`, `processes["p3"].unanswered: is 18446744073709551616, not a whole number from 0 to 18446744073709551615`},
		{"complete", `"incarnation": "i1",`, ``, `processes["p1"]: has no "incarnation"`},
		{"complete", `"recorded_after_ms": 0.04`, `"recorded_after_ms": null`, `processes["p1"].recorded_after_ms: is null, not a number`},
		{"complete", `"completed_after_ms": 2.9`, `"completed_after_ms": {}`, `processes["p1"].completed_after_ms: is an object, not a number`},
		{"complete", channel, `{"from": "p9", "to": "p2"`, `channels[0].from: is "p9", which is neither in processes nor in missing`},
		{"complete", channel, `{"from": "p1", "to": "p9"`, `channels[0].to: is "p9", which is neither in processes nor in missing`},
		{"complete", channel, `{"from": "p3", "to": "p2"`, `channels[1]: is p2->p1, after p3->p2: channels must be sorted, and each be there once`},
		{"complete", channel, `{"from": "p2", "to": "p1"`, `channels[1]: is p2->p1, after p2->p1: channels must be sorted, and each be there once`},
		{"complete", `["i1", "i2"]`, `["i1"]`, `channels[0].incarnations: has 1 elements, not 2`},
		{"complete", `["i1", "i2"]`, `["i1", "i2", null]`, `channels[0].incarnations: has 3 elements, not 2`},
		{"complete", `["i1", "i2"]`, `["i1", ""]`, `channels[0].incarnations[1]: is empty`},
		{"complete", `"sent": 123`, `"sent": "123"`, `channels[0].sent: is a string, not a number`},
		{"complete", `"messages": []`, `"messages": {}`, `channels[1].messages: is an object, not an array`},
		{"complete", seq, `[]`, `channels[0].messages[0]: is an array, not an object`},
		{"complete", seq, `{"seq": null, "payload": 1}`, `channels[0].messages[0].seq: is null, not a number`},
		{"complete", seq, `{"seq": 0, "payload": 1}`, `channels[0].messages[0].seq: is 0, the first is 1`},
		{"complete", seq, `{"seq": 1e3, "payload": 1}`, `channels[0].messages[0].seq: is 1e3, not a whole number from 0 to 18446744073709551615`},
		{"complete", seq, `{"seq": 118, "seq": 118, "payload": 1}`, `channels[0].messages[0].seq: is there twice`},
		{"complete", seq, `{"seq": 118}`, `channels[0].messages[0]: has neither "payload" nor "payload_base64"`},
		{"complete", `{"seq": 120, "payload_base64": "//4="}`, `{"seq": 120, "payload_base64": "//4"}`, `channels[0].messages[2].payload_base64: is not base64`},
		{"complete", `"unknown": true`, `"unknown": 1`, `channels[1].reset[0].unknown: is a number, not true or false`},
		{"complete", `{"process": "p1", "incarnation": "i1", "discarded": 0, `, `{"process": "p1", "incarnation": "i1", `, `channels[1].reset[1]: has no "discarded"`},
		{"complete", `{"process": "p1",`, `{"process": "p3",`, `channels[1].reset[1].process: is "p3", which is no end of p2->p1`},
		{"partial", `"process": "p3"`, `"process": "p2", "channel": "p2->p1"`, `missing[1]: must have one of "process" and "channel"`},
		{"partial", `"process": "p3", `, ``, `missing[1]: must have one of "process" and "channel"`},
		{"partial", `"p2->p1"`, `"p2-p1"`, `missing[2].channel: is "p2-p1", not a channel such as "p1->p2"`},
		{"partial", `"part not received"`, `""`, `missing[1].reason: is empty`},
		{"partial", `"process": "p3"`, `"process": "p4"`, `channels[2].to: is "p3", which is neither in processes nor in missing`},
	} {
		document := readGolden(t, c.file+".json")
		if !strings.Contains(document, c.old) {
			t.Fatalf("%s.json: got no %s, want it", c.file, c.old)
		}
		g, err := Decode([]byte(strings.Replace(document, c.old, c.new, 1)))
		if err == nil || err.Error() != c.want || g != nil {
			t.Errorf("%s in place of %s:\ngot  %v\nwant %s", c.new, c.old, err, c.want)
		}
	}
	for document, want := range map[string]string{
		``:     `snapshot is not JSON: byte 0: unexpected end of JSON input`,
		` []`:  `snapshot is an array, not an object`,
		`null`: `snapshot is null, not an object`,
		`{}`:   `snapshot has no "format"`,
		`{"new": ` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + `}`: `snapshot is not JSON: byte 10008: invalid character '[' exceeded max depth`,
	} {
		if _, err := Decode([]byte(document)); err == nil || err.Error() != want {
			t.Errorf("%.20s: got %v, want %s", document, err, want)
		}
	}
}
