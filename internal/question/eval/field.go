package eval

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"chandy/internal/config"
)

// absent fails because an object has no field args[0]. The error says which object of the
// snapshot it is, if it is one, and which field is nearest.
func (a *asked) absent(in any, args []any) any {
	name, fields := args[0].(string), slices.Sorted(maps.Keys(object(in)))
	hint := ""
	if nearest := config.Suggest(name, fields); nearest != "" {
		hint = "; nearest: " + nearest
	} else if len(fields) > 0 {
		hint = "; it has " + list(fields)
	}
	return a.fail("%s has no field %s%s", a.place(in), short(name), hint)
}

// place names an object of the snapshot: "p1" for the state of p1, "processes.p1" for its
// entry. An object that the expression made is just "an object".
func (a *asked) place(in any) string {
	same := func(v any) bool {
		m, ok := v.(map[string]any)
		return ok && reflect.ValueOf(m).Pointer() == reflect.ValueOf(in).Pointer()
	}
	root := object(a.root)
	if same(root) {
		return "the snapshot"
	}
	if same(root["processes"]) {
		return "processes"
	}
	for id, p := range object(root["processes"]) {
		if same(p) {
			return "processes." + id
		}
		if same(object(p)["state"]) {
			return id
		}
	}
	for _, c := range array(root["channels"]) {
		channel := object(c)
		if same(channel) {
			return fmt.Sprintf("the channel %v->%v", channel["from"], channel["to"])
		}
		for _, m := range array(channel["messages"]) {
			if same(object(m)["payload"]) {
				return "the payload of " + messageName(map[string]any{"from": channel["from"], "to": channel["to"], "seq": object(m)["seq"]})
			}
		}
	}
	return "an object"
}
