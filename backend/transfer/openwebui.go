package transfer

import (
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"loam/backend"
)

// openWeb reads one chat of an export of Open WebUI: an array of rows with "chat", in which "history" holds the messages of a
// tree by their ids ("parentId", "childrenIds") and "currentId" is the end of the shown branch; older files have a plain list
// "messages". Times are seconds. What a model thought and which tools it used stands in the words, inside <details>.
func (r *reading) openWeb(row, c loose) (*found, error) {
	history := c.object("history")
	messages := history.object("messages")
	leaf := history.text("currentId")
	var nodes []node
	if len(messages) > 0 {
		for _, id := range slices.Sorted(maps.Keys(messages)) {
			m := object(messages[id])
			n := node{id: id, parent: m.text("parentId")}
			for _, child := range m.list("childrenIds") {
				if name, ok := plainText(child); ok {
					n.children = append(n.children, name)
				}
			}
			n.draft = r.openWebNode(m)
			nodes = append(nodes, n)
		}
	} else {
		for i, raw := range c.list("messages") {
			n := node{id: fmt.Sprintf("%09d", i), draft: r.openWebNode(object(raw))}
			if i > 0 {
				n.parent = nodes[i-1].id
			}
			nodes, leaf = append(nodes, n), n.id
		}
	}
	system := addSystem(c.text("system"), c.object("params").text("system"))
	for i, n := range nodes {
		if n.draft != nil && n.draft.role == backend.RoleSystem {
			system = addSystem(system, join(n.draft.text))
			nodes[i].draft = nil
		}
	}
	f, err := r.grow(nodes, leaf)
	if err != nil {
		return nil, err
	}
	f.Chat.System = system
	f.Chat.Title = oneLine(c.text("title"))
	if f.Chat.Title == "" {
		f.Chat.Title = oneLine(row.text("title"))
	}
	f.Chat.Created, f.Chat.Updated = moment(row.number("created_at")), moment(row.number("updated_at"))
	if f.Chat.Created.IsZero() {
		f.Chat.Created = moment(c.number("timestamp"))
	}
	f.Chat.Shelf = openWebShelf(row, c)
	return f, nil
}

// openWebShelf is where a chat stood in the list. Its folder is told by a number that says nothing outside; tags stand as words
// in newer files and as objects in older ones.
func openWebShelf(row, c loose) backend.Shelf {
	var s backend.Shelf
	s.Pinned, _ = row.flag("pinned")
	s.Archived, _ = row.flag("archived")
	for _, raw := range append(row.object("meta").list("tags"), c.list("tags")...) {
		tag, ok := plainText(raw)
		if !ok {
			tag = object(raw).text("name")
		}
		s.Tags = append(s.Tags, tag)
	}
	return s.Clean()
}

// openWebNode reads a message and counts it; nil = it cannot be read, or there is nothing in it.
func (r *reading) openWebNode(m loose) *draft {
	d, err := r.openWebMessage(m)
	switch {
	case err != nil:
		r.badMessage(err)
		return nil
	case d.empty():
		return nil
	}
	r.Messages++
	return d
}

func (r *reading) openWebMessage(m loose) (*draft, error) {
	if m == nil {
		return nil, errNoJSON
	}
	d := &draft{created: moment(m.number("timestamp"))}
	switch role := m.text("role"); role {
	case "user":
		d.role = backend.RoleUser
	case "assistant":
		d.role = backend.RoleAssistant
		if d.model = m.text("modelName"); d.model == "" {
			d.model = m.text("model")
		}
	case "system":
		d.role = backend.RoleSystem
	case "tool":
		d.role = backend.RoleTool
	default:
		return nil, fmt.Errorf("its role %q is not known", short(role))
	}
	text, ok := plainText(m["content"])
	if !ok && m["content"] != nil && string(m["content"]) != "null" {
		parts, err := openWebParts(m["content"])
		if err != nil {
			return nil, err
		}
		text = parts
	}
	if d.role == backend.RoleAssistant {
		text = openWebDetails(d, text)
		if strings.TrimSpace(text) == "" && d.empty() {
			text = openWebOutput(d, m.list("output"))
		}
	}
	d.say(text)
	r.Files += len(m.list("files"))
	openWebEnd(d, m)
	return d, nil
}

// openWebParts reads a content that is a list of parts.
func openWebParts(raw json.RawMessage) (string, error) {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		return "", errors.New("its content is not in a form that is known")
	}
	var words []string
	for _, raw := range list {
		if t := object(raw).text("text"); t != "" {
			words = append(words, t)
		}
	}
	return strings.Join(words, "\n"), nil
}

// openWebOutput reads a reply that stands in blocks of its own, beside a content that is empty: thoughts go to the draft.
func openWebOutput(d *draft, blocks []json.RawMessage) string {
	words := func(raw []json.RawMessage) string {
		var list []string
		for _, part := range raw {
			if t := object(part).text("text"); t != "" {
				list = append(list, t)
			}
		}
		return strings.Join(list, "\n")
	}
	var out strings.Builder
	for _, raw := range blocks {
		switch b := object(raw); b.text("type") {
		case "reasoning":
			d.think(strings.TrimSpace(words(append(b.list("content"), b.list("summary")...))))
		case "message":
			out.WriteString(words(b.list("content")) + "\n\n")
		case "function_call":
			out.WriteString(openWebTool(map[string]string{"name": b.text("name"), "arguments": b.text("arguments")}, ""))
		case "function_call_output":
			result, ok := plainText(b["output"])
			if !ok {
				result = words(b.list("output"))
			}
			out.WriteString(openWebTool(map[string]string{"result": result}, ""))
		}
	}
	return strings.TrimSpace(out.String())
}

// openWebEnd takes how a reply ended and what it cost.
func openWebEnd(d *draft, m loose) {
	if d.role != backend.RoleAssistant {
		return
	}
	if words := m.object("error").text("content"); words != "" {
		d.err = oneLine(words)
		if d.state = backend.MessageInterrupted; len(d.text) == 0 {
			d.state = backend.MessageFailed
		}
	} else if done, there := m.flag("done"); there && !done {
		d.state = backend.MessageInterrupted
	}
	for _, u := range []loose{m.object("usage"), m.object("info").object("usage"), m.object("info")} {
		if u == nil || d.usage.ReplyTokens > 0 {
			continue
		}
		d.usage.PromptTokens = max(u.count("prompt_tokens"), u.count("prompt_eval_count"))
		d.usage.ReplyTokens = max(u.count("completion_tokens"), u.count("eval_count"))
		if n := u.number("eval_duration"); n > 0 && n < 1e18 {
			d.usage.ReplyTime = time.Duration(n) // it counts in nanoseconds
		}
	}
}

// The blocks that Open WebUI writes into the words of a reply.
var (
	detailsOpen = regexp.MustCompile(`^<details type="(reasoning|tool_calls|code_interpreter)"([^>]*)>\n?`)
	attribute   = regexp.MustCompile(`([a-z_]+)="([^"]*)"`)
	summary     = regexp.MustCompile(`^\s*<summary>[^<]*</summary>\n?`)
)

// openWebDetails takes the blocks out of a text: thoughts go to the draft, tools and their results become code.
func openWebDetails(d *draft, text string) string {
	const open, end = "<details type=\"", "</details>"
	var out strings.Builder
	for {
		// Every step that looks far takes what it has looked at away: the time is linear.
		at := strings.Index(text, open)
		if at < 0 {
			break
		}
		if at > 0 && text[at-1] != '\n' {
			out.WriteString(text[:at+len(open)]) // the model's own words
			text = text[at+len(open):]
			continue
		}
		if strings.IndexByte(text[at:], '>') < 0 {
			break
		}
		head := detailsOpen.FindStringSubmatch(text[at:])
		if head == nil {
			out.WriteString(text[:at+len(open)])
			text = text[at+len(open):]
			continue
		}
		stop := strings.Index(text[at:], end)
		if stop < len(head[0]) {
			break
		}
		out.WriteString(text[:at])
		inside := summary.ReplaceAllString(text[at+len(head[0]):at+stop], "")
		text = strings.TrimLeft(text[at+stop+len(end):], "\n")
		attributes := map[string]string{}
		for _, a := range attribute.FindAllStringSubmatch(head[2], -1) {
			attributes[a[1]] = html.UnescapeString(a[2])
		}
		if head[1] == "reasoning" {
			d.think(strings.TrimSpace(unquoted(html.UnescapeString(inside))))
			if n := loose(map[string]json.RawMessage{"n": json.RawMessage(attributes["duration"])}).number("n"); n > 0 {
				d.usage.Reasoning += seconds(n)
			}
			continue
		}
		out.WriteString(openWebTool(attributes, html.UnescapeString(inside)))
	}
	out.WriteString(text)
	return out.String()
}

// openWebTool shows the use of a tool.
func openWebTool(attributes map[string]string, inside string) string {
	var b strings.Builder
	if name := attributes["name"]; name != "" {
		b.WriteString("Used " + oneLine(name) + ":\n\n")
	}
	for _, text := range []string{readable(attributes["arguments"]), inside, readable(attributes["result"])} {
		if strings.TrimSpace(text) == "" {
			continue
		}
		if !strings.HasPrefix(strings.TrimSpace(text), "```") {
			text = block(text, "")
		}
		b.WriteString(strings.TrimSpace(text) + "\n\n")
	}
	return b.String()
}

// readable is a text that may be a JSON string once or twice over.
func readable(text string) string {
	for range 2 {
		inner, ok := plainText(json.RawMessage(text))
		if !ok {
			break
		}
		text = inner
	}
	return text
}

// unquoted takes the signs of a quote from the lines of a text.
func unquoted(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimPrefix(line, ">")
		b.WriteString(strings.TrimPrefix(line, " "))
	}
	return b.String()
}
