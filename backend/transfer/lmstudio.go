package transfer

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"loam/backend"
)

// lmStudio reads one conversation file of LM Studio: "messages" is a list in which each entry has "versions" and says which
// is "currentlySelected"; the versions become siblings, and what follows hangs under the selected one. A person's version has
// "content", a model's has "steps": blocks of content (some of them thoughts) and of figures. Files of old versions hold the
// messages themselves. Times are milliseconds, of the chat only.
func (r *reading) lmStudio(o loose) (*found, error) {
	created := moment(o.number("createdAt"))
	system := o.text("systemPrompt")
	var nodes []node
	above, leaf := "", ""
	for i, raw := range o.list("messages") {
		entry := object(raw)
		versions := entry.list("versions")
		if versions == nil {
			versions = []json.RawMessage{raw}
		}
		selected := min(entry.count("currentlySelected"), len(versions)-1)
		next := above
		for j, version := range versions {
			d, err := r.lmStudioVersion(object(version))
			if err != nil {
				r.badMessage(err)
				continue
			}
			if d == nil {
				continue
			}
			if d.role == backend.RoleSystem {
				system = addSystem(system, join(d.text))
				continue
			}
			d.created = created
			r.Messages++
			id := fmt.Sprintf("%09d.%09d", i, j)
			nodes = append(nodes, node{id: id, parent: above, draft: d})
			if j == selected || next == above {
				next = id
			}
		}
		above, leaf = next, next
	}
	f, err := r.grow(nodes, leaf)
	if err != nil {
		return nil, err
	}
	for _, raw := range o.object("perChatPredictionConfig").list("fields") {
		if field := object(raw); field.text("key") == "llm.prediction.systemPrompt" {
			system = addSystem(system, field.text("value"))
		}
	}
	f.Chat.Title, f.Chat.System, f.Chat.Created = oneLine(o.text("name")), system, created
	f.Chat.Updated = moment(max(o.number("userLastMessagedAt"), o.number("assistantLastMessagedAt")))
	f.Chat.Shelf.Folder = lmStudioFolder(r.within)
	f.Chat.Shelf.Pinned, _ = o.flag("pinned")
	f.Chat.Shelf = f.Chat.Shelf.Clean()
	return f, nil
}

// lmStudioFolder is the folder of a chat in LM Studio's list: folders of the disk below "conversations", or below the folder
// that was chosen.
func lmStudioFolder(within string) string {
	parts := strings.Split(within, "/")
	if i := slices.Index(parts, "conversations"); i >= 0 {
		parts = parts[i+1:]
	}
	parts = slices.DeleteFunc(parts, func(p string) bool { return p == "" || p == "." })
	return strings.Join(parts, " / ")
}

func (r *reading) lmStudioVersion(v loose) (*draft, error) {
	d := &draft{}
	switch role := v.text("role"); role {
	case "user":
		d.role = backend.RoleUser
	case "assistant":
		d.role = backend.RoleAssistant
		d.model = v.object("senderInfo").text("senderName")
	case "system":
		d.role = backend.RoleSystem
	default:
		return nil, fmt.Errorf("its role %q is not known", short(role))
	}
	d.say(r.lmStudioContent(v))
	for _, raw := range v.list("steps") {
		step := object(raw)
		text := r.lmStudioContent(step)
		if step.object("style").text("type") == "thinking" {
			d.think(strings.TrimSpace(text))
		} else {
			d.say(text)
		}
		lmStudioFigures(d, step.object("genInfo"))
	}
	if d.empty() {
		return nil, nil
	}
	return d, nil
}

// lmStudioContent is the text of a content: a string, or parts of which some are text.
func (r *reading) lmStudioContent(o loose) string {
	if text, ok := plainText(o["content"]); ok {
		return text
	}
	var words []string
	for _, raw := range o.list("content") {
		part := object(raw)
		switch kind := part.text("type"); kind {
		case "text":
			if t := part.text("text"); t != "" {
				words = append(words, t)
			}
		case "file":
			r.Files++
			words = append(words, leftBehind(part.text("fileType")))
		case "toolCallRequest":
			words = append(words, "Used "+oneLine(part.text("name"))+":\n\n"+block(indented(part["parameters"]), "json"))
		case "toolCallResult":
			text := part.text("content")
			if text == "" {
				text = indented(part["content"])
			}
			words = append(words, block(text, ""))
		}
	}
	return strings.Join(words, "\n\n")
}

// indented is JSON for a reader.
func indented(raw json.RawMessage) string {
	var v any
	if len(raw) == 0 || json.Unmarshal(raw, &v) != nil {
		return string(raw)
	}
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return string(raw)
	}
	return string(b)
}

// lmStudioFigures takes what a step says about how it was made.
func lmStudioFigures(d *draft, info loose) {
	if info == nil {
		return
	}
	if name := info.text("identifier"); d.model == "" && name != "" {
		d.model = name
	}
	s := info.object("stats")
	d.usage.PromptTokens = s.count("promptTokensCount")
	d.usage.ReplyTokens += s.count("predictedTokensCount")
	d.usage.FirstToken = seconds(s.number("timeToFirstTokenSec"))
	if speed := s.number("tokensPerSecond"); speed > 0 {
		d.usage.ReplyTime += seconds(float64(s.count("predictedTokensCount")) / speed)
	}
	switch s.text("stopReason") {
	case "eosFound":
		d.stop = backend.StopEnd
	case "stopStringFound":
		d.stop = backend.StopString
	case "maxPredictedTokensReached":
		d.stop = backend.StopLength
	case "contextLengthReached":
		d.stop = backend.StopContext
	case "userStopped":
		d.stop, d.state = backend.StopCancel, backend.MessageStopped
	}
}
