package verify

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// edit replaces one text in a golden document, and lists the faults that follow.
type edit struct {
	old, new string
	want     string // a line for each fault
}

const (
	messages12 = `[{"seq": 119, "payload": {"type": "transfer", "amount": 3}}, {"seq": 120, "payload_base64": "\/\/8B"}]`
	state12    = `"state_base64": "/wA="`
	part4      = `"q.1_a-b": {"state": 0,`
	reset13    = `[{"process": "p3", "incarnation": "i3", "discarded": 12, "unknown": true}]`
)

var completeEdits = map[string]edit{
	"no id":               {`"id": "20261122T073525123456Z-k3m9x2q7ab",`, ``, `has no "id"`},
	"no cluster":          {`"cluster": "bank",`, ``, `has no "cluster"`},
	"no epoch":            {`"epoch": 1,`, ``, `has no "epoch"`},
	"no status":           {`"status": "complete",`, ``, `has no "status"`},
	"no initiators":       {`"initiators": ["p1"],`, ``, `has no "initiators"`},
	"no started_at":       {`"started_at": "2026-11-22T07:35:25.123456789Z",`, ``, `has no "started_at"`},
	"no elapsed_ms":       {`"elapsed_ms": 3.21,`, ``, `has no "elapsed_ms"`},
	"no missing":          {"],\n  \"missing\": []", `]`, `has no "missing"`},
	"other case":          {`"epoch"`, `"Epoch"`, `has no "epoch"`},
	"id twice":            {`"epoch": 1,`, `"epoch": 1, "id": "x",`, `has "id" twice`},
	"unknown key twice":   {`"epoch": 1,`, `"epoch": 1, "new": 1, "new": 1,`, `has "new" twice`},
	"id empty":            {`"20261122T073525123456Z-k3m9x2q7ab"`, `""`, `id: is empty`},
	"id a number":         {`"20261122T073525123456Z-k3m9x2q7ab"`, `2026`, `id: is a number, not a string`},
	"cluster null":        {`"bank"`, `null`, `cluster: is null, not a string`},
	"cluster an object":   {`"bank"`, `{"a": [1], "b": {}}`, `cluster: is an object, not a string`},
	"half a surrogate":    {`"bank"`, `"b\ud800k"`, "cluster: is \"b\uFFFDk\", not whole characters"},
	"epoch 0":             {`"epoch": 1`, `"epoch": 0`, `epoch: is 0, but the first is 1`},
	"epoch null":          {`"epoch": 1`, `"epoch": null`, `epoch: is null, not a number`},
	"epoch a string":      {`"epoch": 1`, `"epoch": "1"`, `epoch: is a string, not a number`},
	"epoch a fraction":    {`"epoch": 1`, `"epoch": 1.0`, `epoch: is 1.0, not a whole number from 0 to 18446744073709551615`},
	"epoch an array":      {`"epoch": 1`, `"epoch": [1, [2]]`, `epoch: is an array, not a number`},
	"status unknown":      {`"status": "complete"`, `"status": "Complete"`, `status: is "Complete", not "complete" or "partial"`},
	"status true":         {`"status": "complete"`, `"status": true`, `status: is true, not a string`},
	"no initiator":        {`["p1"]`, `[]`, `initiators: is empty`},
	"initiators a string": {`["p1"]`, `"p1"`, `initiators: is a string, not an array`},
	"initiator false":     {`["p1"]`, `["p1", false]`, `initiators[1]: is false, not a string`},
	"strange initiator":   {`["p1"]`, `["p1", "p9"]`, `initiators: "p9" is not in processes`},
	"started_at":          {`07:35:25.123456789Z`, `07:35`, `started_at: is "2026-11-22T07:35", not a time as in RFC 3339`},
	"started_at a number": {`"2026-11-22T07:35:25.123456789Z"`, `2026`, `started_at: is a number, not a string`},
	"status long":         {`"status": "complete"`, `"status": "` + strings.Repeat("é", 64) + `"`, `status: is "` + strings.Repeat("é", 64) + `", not "complete" or "partial"`},
	"status longer":       {`"status": "complete"`, `"status": "` + strings.Repeat("é", 65) + `"`, `status: is "` + strings.Repeat("é", 64) + `…", not "complete" or "partial"`},
	"elapsed_ms negative": {`3.21`, `-3.21`, `elapsed_ms: is -3.21, not a duration`},
	"elapsed_ms huge":     {`3.21`, `1e999`, `elapsed_ms: is 1e999, not a duration`},
	"elapsed_ms null":     {`3.21`, `null`, `elapsed_ms: is null, not a number`},
	"elapsed_ms array":    {`3.21`, `[]`, `elapsed_ms: is an array, not a number`},
	"missing null":        {`"missing": []`, `"missing": null`, `missing: is null, not an array`},
	"missing not empty": {`"missing": []`, `"missing": [{"process": "p3", "reason": "r", "detail": ""}]`,
		`missing: is not empty, but the snapshot is not partial`},
	"channels an object": {`"channels": [`, `"channels": {"a": 1}, "old": [`, `channels: is an object, not an array`},

	"invalid UTF-8":            {`"bank"`, "\"b\xff\"", "cluster: is \"b\uFFFD\", not whole characters\ninvalid UTF-8 at byte 96"},
	"invalid UTF-8 in a state": {`Grüße`, "Gr\xfc", "invalid UTF-8 at byte 330"},

	"process twice":            {part4, `"p1": {}, ` + part4, `processes: has "p1" twice`},
	"process an array":         {`{"state": 0, "incarnation": "i4", "recorded_after_ms": 2, "completed_after_ms": 3e0}`, `[{"a": 1}]`, `q.1_a-b: is an array, not an object`},
	"process id":               {part4, `"P5": {"state": 1, "incarnation": "i5", "recorded_after_ms": 0, "completed_after_ms": 0}, ` + part4, `processes["P5"]: is not the id of a process`},
	"process id of a client":   {part4, `"c5": {"state": 1, "incarnation": "i5", "recorded_after_ms": 0, "completed_after_ms": 0}, ` + part4, `processes["c5"]: is not the id of a process`},
	"process id long":          {part4, `"` + strings.Repeat("x", 65) + `": {"state": 1, "incarnation": "i5", "recorded_after_ms": 0, "completed_after_ms": 0}, ` + part4, `processes["` + strings.Repeat("x", 64) + `…"]: is not the id of a process`},
	"no incarnation":           {`"incarnation": "i2", "rec`, `"rec`, `p2: has no "incarnation"`},
	"incarnation empty":        {`"incarnation": "i2", "rec`, `"incarnation": "", "rec`, `p2: incarnation: is empty`},
	"no recorded_after_ms":     {`"recorded_after_ms": 0.04, `, ``, `p1: has no "recorded_after_ms"`},
	"no completed_after_ms":    {`, "completed_after_ms": 2.9`, ``, `p1: has no "completed_after_ms"`},
	"recorded after completed": {`"recorded_after_ms": 1,`, `"recorded_after_ms": 2.75,`, `p2: recorded after 2.75 ms, completed after 2.5 ms`},
	"recorded negative":        {`0.04`, `-1`, `p1: recorded_after_ms: is -1, not a duration`},
	"recorded null":            {`0.04`, `null`, `p1: recorded_after_ms: is null, not a number`},
	"completed null":           {`2.9`, `null`, `p1: completed_after_ms: is null, but the snapshot is not partial`},
	"completed a string":       {`2.9`, `"2.9"`, `p1: completed_after_ms: is a string, not a number`},
	"process key twice":        {`"recorded_after_ms": 1,`, `"recorded_after_ms": 1, "incarnation": "i9",`, `p2: has "incarnation" twice`},
	"no state":                 {state12 + `, `, ``, `p2: has neither "state" nor "state_base64"`},
	"two states":               {state12, state12 + `, "state": 1`, `p2: has both "state" and "state_base64"`},
	"state and error":          {part4, part4 + `"state_error": "x", `, `q.1_a-b: has a "state_error" and a state`},
	"state_base64 and error":   {state12, state12 + `, "state_error": "x"`, `p2: has a "state_error" and a state`},
	"state_error a number":     {`"no state: \ufffd"`, `1`, `p3: state_error: is a number, not a string`},
	"settled anything":         {`"acknowledged+idle"`, `"yes"`, `p3: settled: is "yes", not one of acknowledged+idle, acknowledged, idle, none`},
	"times incomplete":         {part4, `"q.1_a-b": {"times": {"first_marker_ms": null, "held_ms": 0, "settled_ms": null, "asked_ms": 0, "sent_ms": 1}, "state": 0,`, `q.1_a-b: times: has no "encoded_ms"`},
	"times a string":           {part4, `"q.1_a-b": {"times": {"first_marker_ms": null, "held_ms": 0, "settled_ms": null, "asked_ms": "0", "encoded_ms": 1, "sent_ms": 1, "new": {}}, "state": 0,`, `q.1_a-b: times: asked_ms: is a string, not a number`},
	"marker negative":          {`"sent": 120`, `"marker_ms": -1, "sent": 120`, `p1->p2: marker_ms: is -1, not a duration`},
	"journal of wrong types": {"],\n  \"missing\": []", "],\n  \"journal\": {\"p1\": {\"recorded_at\": \"now\", \"events\": [{\"kind\": \"lost\", \"at_ms\": \"0\", \"peer\": 1, \"seq\": -1, \"type\": null}, {\"at_ms\": -1e3}], \"new\": 1}}, \"missing\": []",
		`journal: ["p1"]: recorded_at: is "now", not a time as in RFC 3339
journal: ["p1"]: events[0]: kind: is "lost", not one of sent, received, recorded, marker_sent, marker_received
journal: ["p1"]: events[0]: at_ms: is a string, not a number
journal: ["p1"]: events[0]: peer: is a number, not a string
journal: ["p1"]: events[0]: seq: is -1, not a whole number from 0 to 18446744073709551615
journal: ["p1"]: events[0]: type: is null, not a string
journal: ["p1"]: events[1]: has no "kind"
journal: ["p1"]: has no "omitted"`},
	"settled null":               {`"acknowledged+idle"`, `null`, `p3: settled: is null, not a string`},
	"settled alone":              {`"printed_before_reply": 2, "unanswered": 18446744073709551615, `, ``, `p3: has settled without the others of settled, printed_before_reply and unanswered`},
	"printed alone":              {`"settled": "acknowledged+idle", "printed_before_reply": 2, "unanswered"`, `"printed_before_reply": 2, "x"`, `p3: has printed_before_reply without the others of settled, printed_before_reply and unanswered`},
	"printed negative":           {`"printed_before_reply": 2`, `"printed_before_reply": -2`, `p3: printed_before_reply: is -2, not a whole number from 0 to 18446744073709551615`},
	"unanswered null":            {`"unanswered": 18446744073709551615`, `"unanswered": null`, `p3: unanswered: is null, not a number`},
	"idle null":                  {`"idle": true`, `"idle": null`, `p3: idle: is null, not true or false`},
	"idle a string":              {`"idle": true`, `"idle": "yes"`, `p3: idle: is a string, not true or false`},
	"open null":                  {`"open": []`, `"open": null`, `p1: open: is null, not an array`},
	"open alone":                 {`"open_total": 0, `, ``, `p1: has "open" without "open_total"`},
	"open_total alone":           {`"open": [], `, ``, `p1: has "open_total" without "open"`},
	"open_total null":            {`"open_total": 0`, `"open_total": null`, `p1: open_total: is null, not a number`},
	"open_total too small":       {`"open_total": 18446744073709551615`, `"open_total": 2`, `p3: open: has 3 requests, but open_total is 2`},
	"open long":                  {`"open": [], "open_total": 0`, `"open": [` + strings.Repeat(`{"from": "p1", "msg_id": 5, "since_ms": 1}, `, 64) + `{"from": "p1", "msg_id": 5, "since_ms": 1}], "open_total": 65`, `p1: open: has 65 requests, more than 64`},
	"open request a number":      {`"open": []`, `"open": [5]`, "p1: open[0]: is a number, not an object\np1: open: has 1 requests, but open_total is 0"},
	"open without from":          {`{"from": "p1", "msg_id": 5, `, `{"msg_id": 5, `, `p3: open[0]: has no "from"`},
	"open without msg_id":        {`"msg_id": 5, `, ``, `p3: open[0]: has no "msg_id"`},
	"open from nobody":           {`"from": "c12"`, `"from": "C12"`, `p3: open[1]: from: is "C12", not the id of a process or a client`},
	"open from a long id":        {`"from": "c12"`, `"from": "c` + strings.Repeat("1", 64) + `"`, `p3: open[1]: from: is "c` + strings.Repeat("1", 63) + `…", not the id of a process or a client`},
	"open msg_id true":           {`"msg_id": 5`, `"msg_id": true`, `p3: open[0]: msg_id: is not a number, a string or null`},
	"open msg_id an object":      {`"msg_id": 5`, `"msg_id": {"a": 1}`, `p3: open[0]: msg_id: is not a number, a string or null`},
	"open msg_id long":           {`"msg_id": 5`, `"msg_id": ` + strings.Repeat("5", 65), `p3: open[0]: msg_id: has 65 bytes, more than 64`},
	"open since_ms negative":     {`"since_ms": 12.3`, `"since_ms": -1`, `p3: open[0]: since_ms: is -1, not a duration`},
	"open not oldest first":      {`"since_ms": 12.3`, `"since_ms": 0.5`, `p3: open[1]: since_ms: is 1, after 0.5: the oldest comes first`},
	"state_base64 not base64":    {`"/wA="`, `"/wA"`, `p2: state_base64: is not base64`},
	"state_base64 with line end": {`"/wA="`, `"/w\nA="`, `p2: state_base64: is not base64`},
	"state_base64 stray bits":    {`"/wA="`, `"/wB="`, `p2: state_base64: is not base64`},
	"state_base64 for URLs":      {`"/wA="`, `"_wA="`, `p2: state_base64: is not base64`},
	"state_base64 a number":      {`"/wA="`, `12`, `p2: state_base64: is not a string`},
	"state_base64 null":          {`"/wA="`, `null`, `p2: state_base64: is not a string`},

	"channel a string":      {`"channels": [`, `"channels": ["p1->p2",`, `channels[0]: is a string, not an object`},
	"channel key twice":     {`"received": 118,`, `"received": 118, "received": 118,`, `p1->p2: has "received" twice`},
	"no from":               {`"from": "p1", "to": "p2"`, `"to": "p2"`, `channels[0]: has no "from"`},
	"no from, later":        {`"from": "q.1_a-b", `, ``, `channels[4]: has no "from"`},
	"no to":                 {`"from": "p1", "to": "p2"`, `"from": "p1"`, `channels[0]: has no "to"`},
	"to a number":           {`"from": "p1", "to": "p2"`, `"from": "p1", "to": 2`, `channels[0]: to: is a number, not a string`},
	"from empty":            {`"from": "p1", "to": "p2"`, `"from": "", "to": "p2"`, `channels[0]: from: is empty`},
	"strange to":            {`"from": "p1", "to": "p3"`, `"from": "p1", "to": "p30"`, "p1->p30: \"p30\" is not in processes\np1->p30: reset: \"p3\" is not an end of the channel"},
	"strange from":          {`"from": "p3", "to": "p3"`, `"from": "p30", "to": "p3"`, `p30->p3: "p30" is not in processes`},
	"channel twice":         {`"from": "p1", "to": "p3", "incarnations": ["i1", "i3"]`, `"from": "p1", "to": "p2", "incarnations": ["i1", "i2"]`, "p1->p2: is listed twice\np1->p2: reset: \"p3\" is not an end of the channel"},
	"channels out of order": {`{"from": "p1", "to": "p2"`, `{"from": "p1", "to": "q.1_a-b", "incarnations": ["i1", "i4"], "sent": 0, "received": 0, "messages": []}, {"from": "p1", "to": "p2"`, `p1->p2: is out of order, after p1->q.1_a-b`},
	"froms out of order":    {`{"from": "p1", "to": "p2"`, `{"from": "p3", "to": "p1", "incarnations": ["i3", "i1"], "sent": 0, "received": 0, "messages": []}, {"from": "p1", "to": "p2"`, `p1->p2: is out of order, after p3->p1`},
	"no sent":               {`"sent": 120, `, ``, `p1->p2: has no "sent"`},
	"no received":           {`"received": 118,`, ``, `p1->p2: has no "received"`},
	"sent null":             {`"sent": 120`, `"sent": null`, `p1->p2: sent: is null, but the part of p1 came`},
	"received null":         {`"received": 118`, `"received": null`, `p1->p2: received: is null, but the part of p2 came`},
	"sent true":             {`"sent": 120`, `"sent": true`, `p1->p2: sent: is true, not a number`},
	"sent negative":         {`"sent": 0`, `"sent": -0`, `p3->p3: sent: is -0, not a whole number from 0 to 18446744073709551615`},
	"sent an exponent":      {`"sent": 120`, `"sent": 12e1`, `p1->p2: sent: is 12e1, not a whole number from 0 to 18446744073709551615`},
	"sent 2^64":             {`"sent": 18446744073709551615`, `"sent": 18446744073709551616`, `p2->p1: sent: is 18446744073709551616, not a whole number from 0 to 18446744073709551615`},
	"no messages":           {`"messages": ` + messages12, `"x": 1`, `p1->p2: has no "messages"`},
	"messages null":         {`"messages": ` + messages12, `"messages": null`, `p1->p2: messages: is null, but the snapshot is not partial`},
	"messages an object":    {`"messages": ` + messages12, `"messages": {}`, `p1->p2: messages: is an object, not an array`},

	"no incarnations":        {`"incarnations": ["i1", "i2"], `, ``, `p1->p2: has no "incarnations"`},
	"incarnations null":      {`["i1", "i2"]`, `null`, `p1->p2: incarnations: is null, not an array`},
	"one incarnation":        {`["i1", "i2"]`, `["i1"]`, `p1->p2: incarnations: has 1, not 2`},
	"three incarnations":     {`["i1", "i2"]`, `["i1", "i2", "i3"]`, `p1->p2: incarnations: has 3, not 2`},
	"incarnation a number":   {`["i1", "i2"]`, `["i1", 2]`, `p1->p2: incarnations[1]: is a number, not a string`},
	"channel incarnation \"": {`["i1", "i2"]`, `["", "i2"]`, `p1->p2: incarnations[0]: is empty`},
	"incarnation 0 null":     {`["i1", "i2"]`, `[null, "i2"]`, `p1->p2: incarnations[0]: is null, but the part of p2 came`},
	"incarnation 1 null":     {`["i1", "i2"]`, `["i1", null]`, `p1->p2: incarnations[1]: is null, but the part of p1 came`},
	"sender restarted":       {`["i1", "i2"]`, `["old", "i2"]`, `p1->p2: counted in different incarnations: process restarted during the snapshot (p1 is "i1", p2 counted with "old")`},
	"receiver restarted":     {`["i1", "i2"]`, `["i1", "old"]`, `p1->p2: counted in different incarnations: process restarted during the snapshot (p2 is "i2", p1 counted with "old")`},
	"incarnations swapped":   {`["i1", "i2"]`, `["i2", "i1"]`, `p1->p2: counted in different incarnations: process restarted during the snapshot (p1 is "i1", p2 counted with "i2"; p2 is "i2", p1 counted with "i1")`},

	"reset an object":          {reset13, `{}`, `p1->p3: reset: is an object, not an array`},
	"reset of a string":        {reset13, `["p3"]`, `p1->p3: reset[0]: is a string, not an object`},
	"reset of nothing":         {reset13, `[{}]`, "p1->p3: reset[0]: has no \"process\"\np1->p3: reset[0]: has no \"incarnation\"\np1->p3: reset[0]: has no \"discarded\"\np1->p3: reset[0]: has no \"unknown\""},
	"reset of another process": {`[{"process": "p3",`, `[{"process": "p2",`, `p1->p3: reset: "p2" is not an end of the channel`},
	"reset incarnation":        {`"incarnation": "i3", "dis`, `"incarnation": "", "dis`, `p1->p3: reset[0]: incarnation: is empty`},
	"discarded null":           {`"discarded": 12`, `"discarded": null`, `p1->p3: reset[0]: discarded: is null, not a number`},
	"discarded negative":       {`"discarded": 12`, `"discarded": -12`, `p1->p3: reset[0]: discarded: is -12, not a whole number from 0 to 18446744073709551615`},
	"unknown a number":         {`"unknown": true`, `"unknown": 1`, `p1->p3: reset[0]: unknown: is a number, not true or false`},
	"unknown an array":         {`"unknown": true`, `"unknown": []`, `p1->p3: reset[0]: unknown: is an array, not true or false`},

	"message a number":   {messages12, `[5]`, `p1->p2: messages[0]: is a number, not an object`},
	"no seq":             {`"seq": 119, `, ``, `p1->p2: messages[0]: has no "seq"`},
	"seq 0":              {`"seq": 119`, `"seq": 0`, `p1->p2: messages[0]: seq: is 0, but the first is 1`},
	"seq null":           {`"seq": 119`, `"seq": null`, `p1->p2: messages[0]: seq: is null, not a number`},
	"seq a float":        {`"seq": 119`, `"seq": 119.0`, `p1->p2: messages[0]: seq: is 119.0, not a whole number from 0 to 18446744073709551615`},
	"no payload":         {`"seq": 119, "payload": {"type": "transfer", "amount": 3}`, `"seq": 119`, `p1->p2: message 119: has neither "payload" nor "payload_base64"`},
	"two payloads":       {`"seq": 119, `, `"seq": 119, "payload_base64": "", `, `p1->p2: message 119: has both "payload" and "payload_base64"`},
	"payload twice":      {`"seq": 119, `, `"seq": 119, "payload": 1, `, `p1->p2: message 119: has "payload" twice`},
	"payload not base64": {`"/w=="`, `"?"`, `p2->p1: message 18446744073709551615: payload_base64: is not base64`},

	"received above sent": {`"received": 118`, `"received": 121`, `p1->p2: received 121, sent 120: a message was received before the cut and sent after it`},
	"message dropped":     {`{"seq": 119, "payload": {"type": "transfer", "amount": 3}}, `, ``, `p1->p2: message 119: is missing`},
	"sent one more":       {`"sent": 120`, `"sent": 121`, `p1->p2: message 121: is missing`},
	"received one more":   {`"received": 118`, `"received": 119`, `p1->p2: message 119: is outside the cut (120 to 120 are in flight)`},
	"several missing":     {`"received": 118`, `"received": 1`, `p1->p2: message 2: is missing, also 3, 4, 5 and 113 more`},
	"almost all missing":  {`"sent": 0`, `"sent": 18446744073709551615`, `p3->p3: message 1: is missing, also 2, 3, 4 and 18446744073709551611 more`},
	"message in none":     {`"received": 7, "messages": []`, `"received": 7, "messages": [{"seq": 7, "payload": 1}]`, `p1->p3: message 7: is outside the cut (none is in flight)`},
	"at the end of 2^64":  {`"received": 18446744073709551613`, `"received": 18446744073709551615`, `p2->p1: message 18446744073709551614: is outside the cut (none is in flight), also 18446744073709551615`},
	"doubled":             {`{"seq": 119,`, `{"seq": 119, "payload": 1}, {"seq": 119,`, `p1->p2: message 119: is listed more than once`},
	"swapped":             {messages12, seqs(120, 119), `p1->p2: message 119: is out of order`},
	"all wrong":           {messages12, seqs(117, 121, 120, 120, 118), "p1->p2: message 119: is missing\np1->p2: message 117: is outside the cut (119 to 120 are in flight), also 121, 118\np1->p2: message 120: is listed more than once\np1->p2: message 120: is out of order, also 120, 118"},
	"one run too long":    {messages12, seqs(117, 118, 119, 120, 121, 122), `p1->p2: message 117: is outside the cut (119 to 120 are in flight), also 118, 121, 122`},
}

func seqs(numbers ...uint64) string {
	var all []string
	for _, n := range numbers {
		all = append(all, fmt.Sprintf(`{"seq": %d, "payload": 1}`, n))
	}
	return "[" + strings.Join(all, ",") + "]"
}

const (
	partial12 = `"sent": 2, "received": 1, "messages": [{"seq": 2, "payload": 5}]`
	entryP3   = `{"process": "p3", "reason": "unreachable", "detail": "connection refused"},`
	entry21   = `{"channel": "p2->p1", "reason": "marker not received", "detail": "p1 waits"}`
)

var partialEdits = map[string]edit{
	"certificate":             {partial12, `"sent": 3, "received": 1, "messages": [{"seq": 2, "payload": 5}]`, `p1->p2: message 3: is missing`},
	"restart, messages there": {`["i1", "i2"]`, `["i1", "i2-new"]`, `p1->p2: counted in different incarnations: process restarted during the snapshot (p2 is "i2", p1 counted with "i2-new")`},
	"restart, other reason":   {`[null, "i1"], "sent": 4`, `["i2-new", "i1"], "sent": 4`, `p2->p1: counted in different incarnations: process restarted during the snapshot (p2 is "i2", p1 counted with "i2-new")`},
	"open, received > sent":   {`[null, "i1"], "sent": 4, "received": 3`, `["i2", "i1"], "sent": 4, "received": 5`, `p2->p1: received 5, sent 4: a message was received before the cut and sent after it`},
	"open, sent null":         {`"sent": 4, "received": 3`, `"sent": null, "received": 3`, `p2->p1: sent: is null, but the part of p2 came`},
	"not explained":           {partial12, `"sent": 2, "received": 1, "messages": null`, `p1->p2: messages: is null, but missing does not say why`},
	"sent of an absent one":   {`"sent": null, "received": 3`, `"sent": 3, "received": 3`, `p3->p1: sent: is known, but the part of p3 did not come`},
	"received by an absent":   {`"sent": 2, "received": null`, `"sent": 2, "received": 2`, `p1->p3: received: is known, but the part of p3 did not come`},
	"incarnation of absent":   {`["i3", null]`, `["i3", "i1"]`, `p3->p1: incarnations[1]: is known, but the part of p3 did not come`},
	"incarnation by absent":   {`[null, "i3"]`, `["i1", "i3"]`, `p1->p3: incarnations[0]: is known, but the part of p3 did not come`},
	"messages of an absent":   {`"received": null, "messages": null},` + "\n    {\"from\": \"p1\", \"to\": \"p4\"", `"received": null, "messages": []},` + "\n    {\"from\": \"p1\", \"to\": \"p4\"", `p1->p3: has messages, but not the parts of both ends`},
	"nothing missing": {`"missing": [`, `"missing": [], "old": [`, strings.Join([]string{
		`initiators: "p3" is neither in processes nor in missing`,
		`missing: is empty, but the snapshot is partial`,
		`p1->p3: "p3" is neither in processes nor in missing`,
		`p1->p4: messages: is null, but missing does not say why`,
		`p1->p4: counted in different incarnations: process restarted during the snapshot (p4 is "i4", p1 counted with "i4-new")`,
		`p1->p4: received 1, sent 0: a message was received before the cut and sent after it`,
		`p2->p1: messages: is null, but missing does not say why`,
		`p3->p1: "p3" is neither in processes nor in missing`,
		`p3->p3: "p3" is neither in processes nor in missing`}, "\n")},

	"part and missing":        {entry21, entry21 + `, {"process": "p2", "reason": "unreachable", "detail": ""}`, `p2: is in missing, but its part came`},
	"messages and missing":    {entry21, entry21 + `, {"channel": "p1->p2", "reason": "r", "detail": ""}`, `p1->p2: is in missing, but its messages are there`},
	"missing a channel":       {entry21, entry21 + `, {"channel": "p2->p9", "reason": "r", "detail": ""}`, `p2->p9: is in missing, but not in channels`},
	"missing process twice":   {entryP3, entryP3 + entryP3, `missing[1]: "p3" is in missing twice`},
	"missing channel twice":   {entry21, entry21 + `,` + entry21, `missing[4]: "p2->p1" is in missing twice`},
	"missing neither":         {entryP3, entryP3 + `{"reason": "r", "detail": ""},`, `missing[1]: has neither "process" nor "channel"`},
	"missing both":            {entryP3, entryP3 + `{"process": "p8", "channel": "p1->p3", "reason": "r", "detail": ""},`, `missing[1]: has both "process" and "channel"`},
	"missing id":              {entryP3, entryP3 + `{"process": "p 8", "reason": "r", "detail": ""},`, `missing[1]: "p 8" is not the id of a process`},
	"missing a string":        {entryP3, entryP3 + `"p8",`, `missing[1]: is a string, not an object`},
	"missing key twice":       {entryP3, entryP3 + `{"process": "p8", "reason": "r", "detail": "", "process": "p9"},`, `missing[1]: has "process" twice`},
	"missing process null":    {entryP3, entryP3 + `{"process": null, "reason": "r", "detail": ""},`, `missing[1]: process: is null, not a string`},
	"missing without reason":  {entryP3, entryP3 + `{"process": "p8", "detail": ""},`, `missing[1]: has no "reason"`},
	"missing with no reason":  {entryP3, entryP3 + `{"process": "p8", "reason": "", "detail": ""},`, `missing[1]: reason: is empty`},
	"missing without detail":  {entryP3, entryP3 + `{"process": "p8", "reason": "r"},`, `missing[1]: has no "detail"`},
	"missing detail a number": {entryP3, entryP3 + `{"process": "p8", "reason": "r", "detail": 1},`, `missing[1]: detail: is a number, not a string`},
}

func TestEachFaultIsReported(t *testing.T) {
	for file, edits := range map[string]map[string]edit{"complete.json": completeEdits, "partial.json": partialEdits} {
		doc := golden(t, file)
		for name, e := range edits {
			t.Run(file+"/"+name, func(t *testing.T) {
				if n := strings.Count(doc, e.old); n == 0 {
					t.Fatalf("got a document without %s, want one to replace", e.old)
				}
				r := check(t, strings.Replace(doc, e.old, e.new, 1))
				if got := show(r); got != e.want {
					t.Errorf("got:\n%s\nwant:\n%s", got, e.want)
				}
				if r.OK() || r.Consistent() {
					t.Errorf("got OK %v and Consistent %v, want false for both", r.OK(), r.Consistent())
				}
			})
		}
	}
}

func TestPartialSnapshotMayLackParts(t *testing.T) {
	doc := golden(t, "partial.json")
	for name, edited := range map[string]string{
		"restart of one end is enough": strings.Replace(doc, `{"channel": "p1->p4", "reason": "process restarted"`, `{"channel": "p1->p4", "reason": "marker not received"`, 1),
		"restart of the channel is":    strings.Replace(doc, `{"process": "p4", "reason": "process restarted", "detail": "noticed by p1"},`, ``, 1),
		"no part came": doc[:strings.Index(doc, `    "p1": {"state"`)] + `}, "channels": [],
			"missing": [{"process": "p1", "reason": "r", "detail": ""}, {"process": "p3", "reason": "r", "detail": ""}]}`,
	} {
		if edited == doc {
			t.Fatalf("%s: got an unchanged document, want an edited one", name)
		}
		if r := check(t, edited); !r.Consistent() || r.OK() {
			t.Errorf("%s: got OK %v and faults %q, want a partial snapshot without faults", name, r.OK(), r.Faults)
		}
	}
}

func TestOtherInputIsNotASnapshot(t *testing.T) {
	doc := golden(t, "complete.json")
	with := func(format string) string { return strings.Replace(doc, `"chandy/snapshot.v1"`, format, 1) }
	for _, c := range []struct{ doc, want string }{
		{``, `not a snapshot: empty`},
		{" \n", `not a snapshot: empty`},
		{`null`, `not a snapshot: null, not an object`},
		{`[1]`, `not a snapshot: an array, not an object`},
		{`{`, `not a snapshot: cut off`},
		{`{"format": "chandy/snap`, `not a snapshot: cut off`},
		{`{}`, `not a snapshot: has no "format"`},
		{`p1 is up`, `not a snapshot: not JSON after byte 0: invalid character 'p' looking for beginning of value`},
		{`{"id": tru3}`, `not a snapshot: not JSON after byte 7: invalid character '3' in literal true (expecting 'e')`},
		{`{"a": 1,}`, `not a snapshot: not JSON after byte 8: invalid character '}'`},
		{`{"new": ` + strings.Repeat("[", 20000), `not a snapshot: not JSON after byte 7: invalid character '[' exceeded max depth`},
		{doc + doc, `not a snapshot: data after its end`},
		{doc + `"`, `not a snapshot: data after its end`},
		{doc + `}`, `not a snapshot: data after its end`},
		{with(`"other"`), `not a snapshot: format is "other", not "chandy/snapshot.v1"`},
		{with(`"chandy/snapshot.v0"`), `not a snapshot: format is "chandy/snapshot.v0", not "chandy/snapshot.v1"`},
		{with(`"chandy/snapshot.v1b"`), `not a snapshot: format is "chandy/snapshot.v1b", not "chandy/snapshot.v1"`},
		{with(`"chandy/snapshot.v"`), `not a snapshot: format is "chandy/snapshot.v", not "chandy/snapshot.v1"`},
		{with(`"chandy/snapshot.v2"`), `format is "chandy/snapshot.v2", newer than "chandy/snapshot.v1", the only one that this version of chandy can verify`},
		{with(`"chandy/snapshot.v10"`), `format is "chandy/snapshot.v10", newer than "chandy/snapshot.v1", the only one that this version of chandy can verify`},
		{with(`1`), `not a snapshot: format is a number, not "chandy/snapshot.v1"`},
		{with(`null`), `not a snapshot: format is null, not "chandy/snapshot.v1"`},
	} {
		r, err := Check(strings.NewReader(c.doc))
		if err == nil || r != nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%.40q: got report %v and error %v, want error %s", c.doc, r, err, c.want)
		}
	}
}

func TestReadErrorIsReturned(t *testing.T) {
	broken := errors.New("disk on fire")
	doc := golden(t, "complete.json")
	for _, n := range []int{0, 5, 1000, len(doc)} {
		_, err := Check(io.MultiReader(strings.NewReader(doc[:n]), iotest.ErrReader(broken)))
		if !errors.Is(err, broken) || err.Error() != "read snapshot: disk on fire" {
			t.Errorf("read error after %d bytes: got %v, want read snapshot: %v", n, err, broken)
		}
	}
}

func TestCompleteSnapshotHasProcesses(t *testing.T) {
	doc := golden(t, "complete.json")
	doc = doc[:strings.Index(doc, `"processes"`)] + `"processes": {}, "channels": [], "missing": []}`
	r := check(t, doc)
	want := "processes: is empty\ninitiators: \"p1\" is not in processes"
	if got := show(r); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestLongestIDIsAccepted(t *testing.T) {
	doc := strings.ReplaceAll(golden(t, "complete.json"), "q.1_a-b", strings.Repeat("q", processIDMax))
	if r := check(t, doc); !r.OK() {
		t.Errorf("got faults %q, want none", r.Faults)
	}
}

func TestKeptFaultsAreBounded(t *testing.T) {
	doc := strings.Replace(golden(t, "complete.json"), messages12, "["+strings.Repeat("5,", 149)+"5]", 1)
	r := check(t, doc)
	if n := len(r.Faults); n != faultsMax+1 || r.Faults[n-1].String() != "and 50 more faults" {
		t.Errorf("got %d faults, the last %q; want %d, the last %q", n, r.Faults[n-1], faultsMax+1, "and 50 more faults")
	}
}
