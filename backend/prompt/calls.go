package prompt

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Call is a model's wish to have a tool run.
type Call struct {
	Name      string `json:"name"`
	Arguments string `json:"arguments"` // a JSON object
}

// Bounds of what is read as a call.
const (
	mostCallBytes = 1 << 20
	mostCallName  = 256
)

// parseCalls reads what stands between the marks of a call, in the ways of the families: JSON with a name and arguments,
// a list of such, "name[ARGS]{...}", or tags with a function and its parameters. All of it must be calls.
func parseCalls(body string) ([]Call, bool) {
	body = strings.TrimSpace(body)
	if body == "" || len(body) > mostCallBytes {
		return nil, false
	}
	switch {
	case body[0] == '[':
		return jsonCalls(body)
	case body[0] == '{':
		call, ok := jsonCall(json.RawMessage(body))
		return []Call{call}, ok
	case strings.HasPrefix(body, "<function="):
		return taggedCall(body)
	}
	name, arguments, ok := strings.Cut(body, "[ARGS]")
	if !ok {
		return nil, false
	}
	call, ok := newCall(name, json.RawMessage(arguments))
	return []Call{call}, ok
}

func jsonCalls(body string) ([]Call, bool) {
	var list []json.RawMessage
	if json.Unmarshal([]byte(body), &list) != nil || len(list) == 0 {
		return nil, false
	}
	calls := make([]Call, len(list))
	for i, raw := range list {
		var ok bool
		if calls[i], ok = jsonCall(raw); !ok {
			return nil, false
		}
	}
	return calls, true
}

func jsonCall(raw json.RawMessage) (Call, bool) {
	var v struct {
		Name       string          `json:"name"`
		Arguments  json.RawMessage `json:"arguments"`
		Parameters json.RawMessage `json:"parameters"`
	}
	if json.Unmarshal(raw, &v) != nil {
		return Call{}, false
	}
	arguments := v.Arguments
	if arguments == nil {
		arguments = v.Parameters
	}
	return newCall(v.Name, arguments)
}

// newCall takes arguments as an object, or as a text that holds one; none are none.
func newCall(name string, arguments json.RawMessage) (Call, bool) {
	name = strings.TrimSpace(name)
	if name == "" || len(name) > mostCallName || strings.ContainsAny(name, "\n<>") {
		return Call{}, false
	}
	arguments = bytes.TrimSpace(arguments)
	var text string
	if json.Unmarshal(arguments, &text) == nil && len(arguments) > 0 && arguments[0] == '"' {
		arguments = []byte(text)
	}
	if len(arguments) == 0 || string(arguments) == "null" {
		arguments = []byte("{}")
	}
	var b bytes.Buffer
	if arguments[0] != '{' || json.Compact(&b, arguments) != nil {
		return Call{}, false
	}
	return Call{Name: name, Arguments: b.String()}, true
}

// taggedCall reads <function=name> with either JSON or <parameter=key> tags up to </function>.
func taggedCall(body string) ([]Call, bool) {
	body, ok := strings.CutSuffix(body, "</function>")
	if !ok {
		return nil, false
	}
	name, rest, ok := strings.Cut(strings.TrimPrefix(body, "<function="), ">")
	if !ok {
		return nil, false
	}
	if rest = strings.TrimSpace(rest); rest == "" || rest[0] == '{' {
		call, ok := newCall(name, json.RawMessage(rest))
		return []Call{call}, ok
	}
	var b bytes.Buffer // keeps the order of the parameters
	for rest != "" {
		if rest, ok = strings.CutPrefix(rest, "<parameter="); !ok {
			return nil, false
		}
		key, after, ok := strings.Cut(rest, ">")
		value, tail, closed := strings.Cut(after, "</parameter>")
		if !ok || !closed || strings.ContainsAny(key, "\n<") {
			return nil, false
		}
		k, errKey := json.Marshal(key)
		v, errValue := json.Marshal(strings.TrimSuffix(strings.TrimPrefix(value, "\n"), "\n"))
		if errKey != nil || errValue != nil {
			return nil, false
		}
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.Write(k)
		b.WriteByte(':')
		b.Write(v)
		rest = strings.TrimSpace(tail)
	}
	call, ok := newCall(name, json.RawMessage("{"+b.String()+"}"))
	return []Call{call}, ok
}
