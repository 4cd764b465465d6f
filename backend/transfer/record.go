package transfer

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"loam/backend"
	"loam/store"
)

// formatVersion is the version of the files that are written and the newest that is read.
//
// A Loam export is a text file in UTF-8 with one JSON object a line, or a .zip with that file as "chats.jsonl" and pictures
// in "media/". Beside a plain "name.jsonl", pictures lie in "name-media/". Times are milliseconds since 1970 (UTC); a field
// that is not there is empty, and a reader leaves out what it does not know.
//
//	{"loam":"chats","version":3,"app":"1.2","exported_ms":...}
//	{"type":"chat","title":...,"created_ms":...,"updated_ms":...,"messages":2,"leaf":2,"system":...,"model":{"name":...,
//	  "sha256":...},"sampling":{...},"adapters":[{"name":...,"sha256":...,"weight":1}],"draft":{"text":...}}
//	{"type":"message","id":1,"role":"user","text":...,"created_ms":...}
//	{"type":"message","id":2,"parent":1,"role":"assistant","state":"complete","text":...,"stop":"end","model_name":...,
//	  "rating":1,"usage":{...},"generation":{...},"pictures":[{"file":"media/<sha256>.png",...}]}
//	{"type":"message","id":3,"role":"user","text":...,"attachments":[{"name":...,"kind":"pdf","sha256":...,"text_sha256":...}]}
//	{"type":"end","chats":1,"messages":3}
//
// The messages of a chat follow its line and are numbered from 1; parents come before children, siblings by age, and
// "leaf" is the end of the branch that is shown. "usage" and "generation" (the evaluation log of a reply: prompt, cuts and
// tokens, sampling, engine, model; what else could have stood there, where that is kept) are backend.Usage and backend.Generation as JSON, without numbers of this database.
// Models are named by the hash of their file. A reply that was being written counts as interrupted.
//
// Version 2 added "rating" to messages, 1 and -1 for a thumb up and down, and "edited" to "usage". Version 3
// added "pinned" and "summary" to messages, "overflow" and "shelf" to chats. Version 4 added "attachments" to messages and
// drafts (backend.Attachment as JSON); their bytes and those of their texts are "media/<sha256>".
const formatVersion = 4

// Where things lie in an export.
const (
	chatsFile   = "chats.jsonl"
	mediaFolder = "media/"
)

// The types of lines.
const (
	typeChat    = "chat"
	typeMessage = "message"
	typeEnd     = "end"
)

// headLine is the first line of a file.
type headLine struct {
	Loam     string `json:"loam"` // "chats"
	Version  int    `json:"version"`
	App      string `json:"app,omitempty"`
	Exported int64  `json:"exported_ms"`
}

// endLine is the last line of a file: one that has none was cut off.
type endLine struct {
	Type     string `json:"type"`
	Chats    int    `json:"chats"`
	Messages int    `json:"messages"`
}

type modelRef struct {
	Name   string `json:"name,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
}

type adapterLine struct {
	modelRef
	Weight float32 `json:"weight"`
	Off    bool    `json:"off,omitempty"`
}

type draftLine struct {
	Text          string  `json:"text,omitempty"`
	ScrollMessage int64   `json:"scroll_message,omitempty"`
	ScrollOffset  float32 `json:"scroll_offset,omitempty"`

	Attachments []backend.Attachment `json:"attachments,omitempty"`

	Editing int64  `json:"editing,omitempty"`
	Edited  string `json:"edited,omitempty"`
}

type chatLine struct {
	Type     string            `json:"type"`
	Title    string            `json:"title,omitempty"`
	Created  int64             `json:"created_ms"`
	Updated  int64             `json:"updated_ms"`
	Messages int               `json:"messages"`
	Leaf     int64             `json:"leaf,omitempty"`
	System   string            `json:"system,omitempty"`
	Model    *modelRef         `json:"model,omitempty"`
	Sampling *backend.Sampling `json:"sampling,omitempty"`
	Adapters []adapterLine     `json:"adapters,omitempty"`
	Draft    *draftLine        `json:"draft,omitempty"`

	Shelf        *backend.Shelf   `json:"shelf,omitempty"`        // where it stands in the list
	Overflow     backend.Overflow `json:"overflow,omitempty"`     // what becomes of messages that no longer fit: "ask", "summarise"
	Alternatives int              `json:"alternatives,omitempty"` // how many likeliest tokens are kept beside each
}

type messageLine struct {
	Type      string         `json:"type"`
	ID        int64          `json:"id"`
	Parent    int64          `json:"parent,omitempty"`
	Role      backend.Role   `json:"role"`
	State     string         `json:"state,omitempty"` // "" = complete
	Created   int64          `json:"created_ms"`
	ModelName string         `json:"model_name,omitempty"`
	Model     *modelRef      `json:"model,omitempty"`
	Stop      string         `json:"stop,omitempty"`
	Error     string         `json:"error,omitempty"`
	Rating    backend.Rating `json:"rating,omitempty"`
	Pinned    bool           `json:"pinned,omitempty"`
	Summary   string         `json:"summary,omitempty"` // what stands for this message and all above it
	Usage     *backend.Usage `json:"usage,omitempty"`
	Text      string         `json:"text"`
	Pictures  []pictureLine  `json:"pictures,omitempty"`

	Attachments []backend.Attachment `json:"attachments,omitempty"`

	Generation *generationLine `json:"generation,omitempty"`
}

type pictureLine struct {
	File     string          `json:"file"`
	Width    int             `json:"width"`
	Height   int             `json:"height"`
	Seed     uint64          `json:"seed"`
	Created  int64           `json:"created_ms"`
	Prompt   string          `json:"prompt,omitempty"`
	Settings json.RawMessage `json:"settings,omitempty"`
	MadeFrom string          `json:"made_from,omitempty"` // hash of the picture that it was made from
}

type generationLine struct {
	Model    modelRef           `json:"model"`
	Adapters []adapterLine      `json:"adapters,omitempty"`
	Engine   backend.EngineInfo `json:"engine"`
	Sampling backend.Sampling   `json:"sampling"`
	Stops    []string           `json:"stops"`
	Context  int                `json:"context"`
	Batch    int                `json:"batch"`
	Cuts     []int              `json:"cuts"`
	Prompt   []int32            `json:"prompt"`
	Tokens   []int32            `json:"tokens"`

	Alternatives []backend.TokenChoice `json:"alternatives,omitempty"` // what else could have stood there
}

// appendLine appends v as one line of JSON with <, > and & as they are.
func appendLine(b *bytes.Buffer, v any) error {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// lines turns a chat's rows into lines. It knows the numbers that its messages have in the file.
type lines struct {
	models  modelTable
	sources map[int64]string // hashes of pictures by ID
	ids     []int64          // of the messages, ascending: the place is the number less one
}

// number is the number of a message in the file; 0 = it is not in it.
func (l *lines) number(id int64) int64 {
	if i, ok := slices.BinarySearch(l.ids, id); ok {
		return int64(i) + 1
	}
	return 0
}

func (l *lines) chat(c backend.Chat, d backend.Draft) chatLine {
	line := chatLine{
		Type: typeChat, Title: c.Title, Created: c.Created.UnixMilli(), Updated: c.Updated.UnixMilli(), Messages: len(l.ids),
		Leaf: l.number(c.Leaf), System: c.System, Model: l.models.ref(c.ModelID), Sampling: c.Sampling,
		Alternatives: c.Alternatives, Overflow: c.Overflow,
	}
	if s := c.Shelf; s.Pinned || s.Archived || s.Folder != "" || len(s.Tags) > 0 {
		line.Shelf = &s
	}
	for _, a := range c.Adapters {
		if r := l.models.ref(a.ModelID); r != nil {
			line.Adapters = append(line.Adapters, adapterLine{modelRef: *r, Weight: a.Weight, Off: a.Off})
		}
	}
	draft := draftLine{Text: d.Text, ScrollMessage: l.number(d.ScrollMessage), ScrollOffset: d.ScrollOffset, Attachments: d.Attachments, Editing: l.number(d.Editing), Edited: d.Edited}
	if draft.Text != "" || draft.ScrollMessage != 0 || draft.ScrollOffset != 0 || len(draft.Attachments) > 0 || draft.Editing != 0 {
		line.Draft = &draft
	}
	return line
}

func (l *lines) message(m store.TreeMessage) messageLine {
	line := messageLine{
		Type: typeMessage, ID: l.number(m.ID), Parent: l.number(m.Parent), Role: m.Role, Created: m.Created.UnixMilli(),
		ModelName: m.ModelName, Model: l.models.ref(m.ModelID), Stop: string(m.Stop), Error: m.Error, Text: m.Text,
		Rating: m.Rating, Pinned: m.Pinned, Summary: m.Summary, Attachments: m.Attachments,
	}
	switch m.State {
	case backend.MessageComplete:
	case backend.MessageRunning:
		line.State = backend.MessageInterrupted.String()
	default:
		line.State = m.State.String()
	}
	if u := m.Usage; u != (backend.Usage{}) {
		u.SeenFrom = l.number(u.SeenFrom)
		line.Usage = &u
	}
	for _, p := range m.Pictures {
		line.Pictures = append(line.Pictures, pictureLine{
			File: mediaFolder + p.SHA256 + ".png", Width: p.Width, Height: p.Height, Seed: p.Seed, Created: p.Created.UnixMilli(),
			Prompt: p.Prompt, Settings: p.Settings, MadeFrom: l.sources[p.MadeFrom],
		})
	}
	if g := m.Generation; g != nil {
		line.Generation = &generationLine{
			Model: modelRef{g.Model.Name, g.Model.SHA256}, Engine: g.Engine, Sampling: g.Sampling, Stops: g.Stops, Context: g.Context,
			Batch: g.Batch, Cuts: g.Cuts, Prompt: g.Prompt, Tokens: g.Tokens,
		}
		line.Generation.Alternatives = finite(m.Kept)
		for _, a := range g.Adapters {
			line.Generation.Adapters = append(line.Generation.Adapters, adapterLine{modelRef: modelRef{a.Name, a.SHA256}, Weight: a.Weight})
		}
	}
	return line
}

// finite makes numbers of log-probabilities that are none, which JSON cannot hold.
func finite(list []backend.TokenChoice) []backend.TokenChoice {
	for _, c := range list {
		for i, a := range c.Alts {
			if p := float64(a.LogProb); math.IsNaN(p) || math.IsInf(p, 0) {
				c.Alts[i].LogProb = -math.MaxFloat32
			}
		}
	}
	return list
}

// states are the states that a line may name.
var states = map[string]backend.MessageState{
	"": backend.MessageComplete, "complete": backend.MessageComplete, "stopped": backend.MessageStopped,
	"interrupted": backend.MessageInterrupted, "failed": backend.MessageFailed,
}

// roles are the roles that a line may name.
var roles = map[backend.Role]bool{
	backend.RoleSystem: true, backend.RoleUser: true, backend.RoleAssistant: true, backend.RoleTool: true,
}

// chat is a chat as the line says it, without messages.
func (line chatLine) chat(t modelTable) (backend.Chat, backend.Draft) {
	c := backend.Chat{
		Title: line.Title, ModelID: t.find(line.Model), System: line.System, Sampling: line.Sampling,
		Alternatives: max(0, min(line.Alternatives, backend.MaxAlternatives)), Created: fromMillis(line.Created), Updated: fromMillis(line.Updated),
	}
	if line.Shelf != nil {
		c.Shelf = line.Shelf.Clean()
	}
	if line.Overflow.Known() {
		c.Overflow = line.Overflow
	}
	for _, a := range line.Adapters {
		if id := t.find(&a.modelRef); id != 0 {
			c.Adapters = append(c.Adapters, backend.AdapterUse{ModelID: id, Weight: a.Weight, Off: a.Off})
		}
	}
	if line.Draft == nil {
		return c, backend.Draft{}
	}
	return c, backend.Draft{Text: line.Draft.Text, ScrollOffset: line.Draft.ScrollOffset, Attachments: sound(line.Draft.Attachments), Edited: line.Draft.Edited}
}

// message is the message of a line, without what numbers of other messages it names, and without pictures.
func (line messageLine) message(t modelTable) (store.TreeMessage, error) {
	state, ok := states[line.State]
	if !ok {
		return store.TreeMessage{}, fmt.Errorf("its state %q is not known", short(line.State))
	}
	if !roles[line.Role] {
		return store.TreeMessage{}, fmt.Errorf("its role %q is not known", short(string(line.Role)))
	}
	m := store.TreeMessage{Message: backend.Message{
		Role: line.Role, State: state, Text: line.Text, Error: line.Error, ModelID: t.find(line.Model), ModelName: line.ModelName,
		Stop: backend.StopReason(line.Stop), Created: fromMillis(line.Created),
		Rating: max(backend.ThumbsDown, min(line.Rating, backend.ThumbsUp)), Pinned: line.Pinned, Attachments: sound(line.Attachments),
	}, Summary: line.Summary}
	if line.Usage != nil {
		m.Usage = *line.Usage
		m.Usage.SeenFrom = 0
	}
	if g := line.Generation; g != nil {
		m.Generation, m.Kept = g.generation(t), g.Alternatives
		if err := plausible(m.Generation); err != nil {
			return store.TreeMessage{}, err
		}
	}
	return m, nil
}

// maxAttachments is how many files may stand beside one message of a file that comes in.
const maxAttachments = 1000

// sound are the attachments of a line that can be some: with a name, hashes, and passages in their order.
func sound(list []backend.Attachment) []backend.Attachment {
	var out []backend.Attachment
	for _, a := range list {
		if a.Name == "" || !isSum(a.SHA256) || !isSum(a.Text) || len(out) == maxAttachments {
			continue
		}
		last := 0
		for _, p := range a.Passages {
			if p.Start < last || p.End < p.Start {
				a.Passages = nil
				break
			}
			last = p.End
		}
		out = append(out, a)
	}
	return out
}

func isSum(text string) bool {
	raw, err := hex.DecodeString(text)
	return err == nil && len(raw) == sha256.Size && text == strings.ToLower(text)
}

func (g *generationLine) generation(t modelTable) *backend.Generation {
	out := &backend.Generation{
		Model: backend.ModelRef{ID: t.find(&g.Model), Name: g.Model.Name, SHA256: g.Model.SHA256}, Engine: g.Engine, Sampling: g.Sampling,
		Stops: g.Stops, Context: g.Context, Batch: g.Batch, Cuts: g.Cuts, Prompt: g.Prompt, Tokens: g.Tokens,
	}
	for _, a := range g.Adapters {
		out.Adapters = append(out.Adapters, backend.AdapterRef{
			ModelRef: backend.ModelRef{ID: t.find(&a.modelRef), Name: a.Name, SHA256: a.SHA256}, Weight: a.Weight,
		})
	}
	return out
}

// plausible finds what would stop a record from being stored or replayed.
func plausible(g *backend.Generation) error {
	sum := 0
	for _, n := range g.Cuts {
		if n < 0 || n > len(g.Prompt) {
			return fmt.Errorf("its record cuts the prompt in a piece of %d tokens", n)
		}
		sum += n
	}
	if sum > len(g.Prompt) {
		return fmt.Errorf("its record has %d tokens of prompt and cuts them into %d", len(g.Prompt), sum)
	}
	for _, list := range [][]int32{g.Prompt, g.Tokens} {
		for _, token := range list {
			if token < 0 {
				return fmt.Errorf("its record holds the token %d", token)
			}
		}
	}
	return nil
}

// The times that are believed: later ones come from damage and would not fit into a date.
const (
	earliestMillis = 0
	latestMillis   = 253_402_300_799_999 // the end of the year 9999
)

// fromMillis is a time out of a file; zero where it says none or nonsense.
func fromMillis(ms int64) time.Time {
	if ms <= earliestMillis || ms > latestMillis {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// short is a stranger's word for a sentence.
func short(word string) string {
	if runes := []rune(word); len(runes) > 24 {
		return string(runes[:24]) + "…"
	}
	return word
}
