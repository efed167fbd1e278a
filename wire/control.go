package wire

import (
	"encoding/json"
	"fmt"

	"chandy/internal/printable"
	"chandy/snapshot"
)

// Control is the JSON body of a [Request]: an [InitiateRequest], a [StatusRequest], a
// [CallRequest], a [RestoreRequest] or a [ResumeRequest].
type Control interface {
	// kind returns the value of "type" in the JSON.
	kind() string
}

// InitiateRequest asks a node to take a snapshot and to return it as JSON. The node
// cancels the snapshot if the connection closes before.
type InitiateRequest struct {
	// At lists the initiators. The process of the node must be the first. If At is empty,
	// the node chooses as few initiators as reach every process.
	At []snapshot.ProcessID `json:"at,omitempty"`
	// TimeoutMS is the snapshot's time-out in milliseconds, at most 24 hours. Zero means
	// the time-out of the cluster file.
	TimeoutMS int64 `json:"timeout_ms,omitempty"`
	// Compact asks for JSON without indentation.
	Compact bool `json:"compact,omitempty"`
	// Progress asks for a [ProgressReply] every 100 ms.
	Progress bool `json:"progress,omitempty"`
	// Journal asks each process for the events round its recording.
	Journal bool `json:"journal,omitempty"`
	// Save asks that the snapshot is saved in the store of the cluster.
	Save bool `json:"save,omitempty"`
	// Name names the saved snapshot. Retention never removes a named one.
	Name string `json:"name,omitempty"`
	// Light asks for no data replies, only for the end reply. States and messages of the
	// saved snapshot do not come to the node then.
	Light bool `json:"light,omitempty"`
}

// Fault returns what is wrong with the request, or an empty text.
func (r InitiateRequest) Fault() string {
	switch {
	case !r.Save && (r.Name != "" || r.Light):
		return `"name" and "light" need "save"`
	case r.Light && r.Journal:
		return `"journal" needs a document, and "light" asks for none`
	}
	return ""
}

// StatusRequest asks a node for its [ProcessStatus].
type StatusRequest struct {
	// Wait delays the reply until the program of the process is ready and all its
	// channels are up.
	Wait bool `json:"wait,omitempty"`
}

// CallRequest hands a request to the program of the node.
type CallRequest struct {
	// Request is the payload that the program receives. It must not be empty.
	Request json.RawMessage `json:"request,omitempty"`
}

// RequestType returns the field type of a request.
func RequestType(c Control) string { return c.kind() }

func (InitiateRequest) kind() string { return "initiate" }
func (StatusRequest) kind() string   { return "status" }
func (CallRequest) kind() string     { return "call" }

// EncodeControl returns the body of a request.
func EncodeControl(c Control) ([]byte, error) {
	fields, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	head := fmt.Sprintf(`{"type":%q`, c.kind())
	if len(fields) > len("{}") {
		head += ","
	}
	return append([]byte(head), fields[1:]...), nil
}

// DecodeControl parses the body of a request. Unknown keys are skipped.
func DecodeControl(body []byte) (Control, error) {
	var head struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(body, &head); err != nil {
		return nil, fmt.Errorf("the request is not a JSON object of the expected form: %w", err)
	}
	switch head.Type {
	case InitiateRequest{}.kind():
		return decodeControl[InitiateRequest](body)
	case StatusRequest{}.kind():
		return decodeControl[StatusRequest](body)
	case CallRequest{}.kind():
		return decodeControl[CallRequest](body)
	case RestoreRequest{}.kind():
		return decodeControl[RestoreRequest](body)
	case ResumeRequest{}.kind():
		return decodeControl[ResumeRequest](body)
	}
	return nil, fmt.Errorf("unknown request %q", head.Type)
}

func decodeControl[C Control](body []byte) (Control, error) {
	var c C
	if err := json.Unmarshal(body, &c); err != nil {
		return nil, fmt.Errorf("the request is not a JSON object of the expected form: %w", err)
	}
	return c, nil
}

// ProgressReply is the body of a progress reply to an [InitiateRequest].
type ProgressReply struct {
	Recorded  int     `json:"recorded"` // processes that recorded their state
	Processes int     `json:"processes"`
	Closed    int     `json:"closed"` // channels with a closed receiving end
	Channels  int     `json:"channels"`
	InFlight  int     `json:"in_flight"` // messages that incoming ends of channels have recorded so far
	ElapsedMS float64 `json:"elapsed_ms"`
}

// EndReply is the body of the end reply to an [InitiateRequest], after the snapshot. Of a
// long list it has only the first lines and how many more there are.
type EndReply struct {
	ID        snapshot.ID `json:"id"`
	Status    string      `json:"status"`
	Processes int         `json:"processes"`
	Channels  int         `json:"channels"`
	Known     int         `json:"known"` // channels whose state is known
	InFlight  int         `json:"in_flight"`
	Missing   []string    `json:"missing"` // missing parts and markers, with their reasons
	Unknown   []string    `json:"unknown"` // channels whose state is not known
	// Restarts says which processes restarted before, so that channels began anew.
	Restarts  []string `json:"restarts,omitempty"`
	ElapsedMS float64  `json:"elapsed_ms"`
	// Saved says what became of the saving. It is null unless the snapshot was to be saved.
	Saved *SaveReply `json:"saved,omitempty"`
	// Last says for people which process was last, and why. It is empty if the snapshot is
	// partial, or if that is not known.
	Last string `json:"last,omitempty"`
}

// SaveReply says what became of the saving of a snapshot.
type SaveReply struct {
	Number uint64 `json:"number,omitempty"` // within the epoch
	Name   string `json:"name,omitempty"`
	Bytes  uint64 `json:"bytes,omitempty"` // of all parts
	// NotRestorable lists the processes that could not be given their states again, and why.
	NotRestorable []string `json:"not_restorable,omitempty"`
	// Error says why the snapshot is not saved. It is empty if it is.
	Error string `json:"error,omitempty"`
}

// ErrorReply is the body of an error reply, and the error that a client returns for it.
type ErrorReply struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// Error returns the text, on one line and printable.
func (e *ErrorReply) Error() string { return printable.Text(e.Text) }

// Codes of an [ErrorReply].
const (
	CodeBadRequest  = "bad request"
	CodeUnreachable = "unreachable"    // no marker reaches every process from the initiators
	CodeLimit       = "limit"          // too many snapshots, calls, or status requests with wait in progress, or the node holds too much
	CodeNoEpoch     = "no epoch"       // no epoch has begun yet, or it ended before the program replied
	CodeStorage     = "storage failed" // the store of the cluster cannot be used
	CodeForbidden   = "forbidden"      // the role of the client does not permit the request
)
