package config

import (
	"regexp"
	"strconv"
	"strings"
)

// CheckPrograms returns the faults of the settings of all programs, as [*Faults] of the
// file, or nil. The function check returns the faults of one process, each of which begins
// with its key, as those of [Program.Decode] do. A fault of [program] is reported once,
// however many processes have it.
func (c *Cluster) CheckPrograms(check func(Process) []string) error {
	fs := faults{lines: c.lines}
	for i, p := range c.Processes {
		for _, fault := range check(p) {
			at := root().key("program")
			key := settingOf(fault)
			if p.Program.isOwn(key) {
				at = root().key("process").element(i, string(p.ID)).key("program")
			}
			shown := at
			if path, text, found := strings.Cut(fault, ": "); found && !strings.HasPrefix(fault, unknownKey) {
				shown, fault = at.child("."+path), text
			}
			at = at.key(key)
			// One key can have several faults.
			fs.addUnder(at.child(" "+shown.text+" "+fault), shown, "%s", fault)
		}
	}
	return fs.err(c.Path)
}

// setting matches the key at the beginning of a path such as command[1] or "a b".c.
var setting = regexp.MustCompile(`^(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*")`)

// settingOf returns the key to which a fault of a setting belongs.
func settingOf(fault string) string {
	key := setting.FindString(strings.TrimPrefix(fault, unknownKey))
	if text, err := strconv.Unquote(key); err == nil {
		return text
	}
	return key
}
