package transfer

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"loam/backend"
)

// chatGPT reads one conversation of ChatGPT's conversations.json: "mapping" holds the nodes of a tree by their ids, each
// with "parent", "children" and a "message" (or none, at the root), and "current_node" is the end of the shown branch. Times
// are seconds. A reply that used tools is a chain of messages (thoughts, code, output, words), which becomes one reply here.
func (r *reading) chatGPT(o loose) (*found, error) {
	mapping := o.object("mapping")
	if mapping == nil {
		return nil, errors.New("its messages are not in a form that is known")
	}
	system := ""
	var nodes []node
	for _, id := range slices.Sorted(maps.Keys(mapping)) {
		raw := object(mapping[id])
		n := node{id: id, parent: raw.text("parent")}
		for _, c := range raw.list("children") {
			if name, ok := plainText(c); ok {
				n.children = append(n.children, name)
			}
		}
		switch m := raw.object("message"); {
		case raw == nil:
			r.badMessage(errNoJSON)
		case m == nil: // the root has none
		default:
			d, err := r.chatGPTMessage(m)
			switch {
			case err != nil:
				r.badMessage(err)
			case d == nil:
			case d.role == backend.RoleSystem:
				system = addSystem(system, join(d.text))
			default:
				n.draft, n.fold = d, d.role != backend.RoleUser
				r.Messages++
			}
		}
		nodes = append(nodes, n)
	}
	f, err := r.grow(nodes, o.text("current_node"))
	if err != nil {
		return nil, err
	}
	f.Chat.Title, f.Chat.System = oneLine(o.text("title")), system
	f.Chat.Created, f.Chat.Updated = moment(o.number("create_time")), moment(o.number("update_time"))
	f.Chat.Shelf.Archived, _ = o.flag("is_archived")
	f.Chat.Shelf.Pinned, _ = o.flag("is_starred")
	return f, nil
}

// addSystem gathers what stands in several places into one system prompt.
func addSystem(system, more string) string {
	if strings.TrimSpace(more) == "" || strings.Contains(system, more) {
		return system
	}
	if system == "" {
		return more
	}
	return system + "\n\n" + more
}

// chatGPTMessage reads a message; nil = there is nothing in it to show.
func (r *reading) chatGPTMessage(m loose) (*draft, error) {
	meta := m.object("metadata")
	if hidden, _ := meta.flag("is_visually_hidden_from_conversation"); hidden {
		return nil, nil
	}
	if m["weight"] != nil && m.number("weight") == 0 && string(m["weight"]) != "null" {
		return nil, nil
	}
	d := &draft{created: moment(m.number("create_time"))}
	tool := false
	switch role := m.object("author").text("role"); role {
	case "user":
		d.role = backend.RoleUser
	case "assistant":
		d.role = backend.RoleAssistant
		d.model = meta.text("model_slug")
	case "tool":
		d.role, tool = backend.RoleAssistant, true
	case "system":
		d.role = backend.RoleSystem
	default:
		return nil, fmt.Errorf("its role %q is not known", short(role))
	}
	if err := r.chatGPTContent(d, m.object("content"), tool); err != nil {
		return nil, err
	}
	if d.empty() {
		return nil, nil
	}
	switch meta.object("finish_details").text("type") {
	case "max_tokens":
		d.stop = backend.StopLength
	case "interrupted":
		d.stop, d.state = backend.StopCancel, backend.MessageStopped
	case "stop":
		d.stop = backend.StopEnd
	}
	return d, nil
}

func (r *reading) chatGPTContent(d *draft, c loose, tool bool) error {
	switch kind := c.text("content_type"); kind {
	case "user_editable_context", "model_editable_context", "reasoning_recap":
		// what the service tells the model about the person, and "thought for 8 seconds"
	case "thoughts":
		for _, raw := range c.list("thoughts") {
			t := object(raw)
			head := ""
			if s := t.text("summary"); s != "" {
				head = "**" + s + "**\n\n"
			}
			d.think(strings.TrimRight(head+t.text("content"), "\n"))
		}
	case "code":
		lang := c.text("language")
		if lang == "unknown" || strings.ContainsAny(lang, "`\n ") {
			lang = ""
		}
		d.say(block(anyText(c), lang))
	case "execution_output", "tether_quote", "tether_browsing_display", "system_error", "citable_code_output", "computer_output":
		text := anyText(c)
		if text == "" {
			text = c.text("result")
		}
		d.say(block(text, ""))
	default: // "text", "multimodal_text", and what is like them
		parts := c.list("parts")
		if parts == nil && anyText(c) == "" && kind != "text" && kind != "multimodal_text" {
			return fmt.Errorf("its content of the kind %q is not known", short(kind))
		}
		if parts == nil {
			d.say(c.text("text"))
		}
		r.chatGPTParts(d, c, tool)
	}
	return nil
}

// chatGPTParts takes the parts of a message: words, and pictures and sounds, of which only what was said stays.
func (r *reading) chatGPTParts(d *draft, c loose, tool bool) {
	var words []string
	for _, raw := range c.list("parts") {
		if text, ok := plainText(raw); ok {
			if text != "" {
				words = append(words, text)
			}
			continue
		}
		part := object(raw)
		switch kind := part.text("content_type"); {
		case part.text("text") != "":
			words = append(words, part.text("text"))
		case strings.Contains(kind, "asset_pointer"):
			r.Files++
			words = append(words, leftBehind(kind))
		}
	}
	text := strings.Join(words, "\n")
	if tool {
		text = block(text, "")
	}
	d.say(text)
}

// leftBehind stands where a picture or file was.
func leftBehind(kind string) string {
	switch {
	case strings.Contains(kind, "image"):
		return "*(a picture)*"
	case strings.Contains(kind, "audio"):
		return "*(a recording)*"
	}
	return "*(a file)*"
}

// anyText is the text of a content, wherever it stands.
func anyText(c loose) string {
	if t := c.text("text"); t != "" {
		return t
	}
	var words []string
	for _, raw := range c.list("parts") {
		if t, ok := plainText(raw); ok {
			words = append(words, t)
		}
	}
	return strings.Join(words, "\n")
}

// block is a text as code; "" stays "".
func block(text, lang string) string {
	if strings.TrimSpace(text) == "" {
		return ""
	}
	return strings.TrimSuffix(fenced(text, lang), "\n")
}
