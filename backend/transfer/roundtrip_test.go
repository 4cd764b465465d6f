package transfer_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"loam/backend"
	"loam/backend/attach"
	"loam/backend/event"
	"loam/backend/transfer"
	"loam/store"
)

// house is a data folder with a transfer service over it.
type house struct {
	*transfer.Service
	store    keeper
	pictures string
	files    *attach.Files
	models   map[int64]string // names by ID
}

// newHouse has models whose numbers depend on the order in which they are named.
func newHouse(t *testing.T, models ...string) *house {
	t.Helper()
	return newHouseOn(t, &shelf{}, models...)
}

func newHouseOn(t *testing.T, s keeper, models ...string) *house {
	t.Helper()
	h := &house{store: s, pictures: t.TempDir(), models: map[int64]string{}}
	for _, name := range models {
		m, err := h.store.AddModel(t.Context(), backend.Model{Name: name, SHA256: hash(name), Path: "/models/" + name, State: backend.ModelReady})
		if err != nil {
			t.Fatal(err)
		}
		h.models[m.ID] = name
	}
	h.files = attach.NewFiles(t.TempDir())
	bus := event.NewBus()
	t.Cleanup(bus.Close)
	h.Service = transfer.New(transfer.Deps{
		Store: h.store, Bus: bus, Pictures: h.pictures, Version: "test", Files: h.files, Title: func(text string) string { return "T: " + text },
	})
	return h
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func (h *house) model(name string) int64 {
	for id, n := range h.models {
		if n == name {
			return id
		}
	}
	return 0
}

// tree is a chat of this house with places for the numbers of its messages and names for those of models.
func (h *house) tree(t testing.TB, chatID int64) store.Tree {
	t.Helper()
	var out store.Tree
	places := map[int64]int64{}
	err := h.store.ReadTree(context.Background(), chatID, store.TreeReader{
		Chat: func(c backend.Chat, d backend.Draft, _ []int64) error {
			out.Chat, out.Draft = c, d
			return nil
		},
		Message: func(m store.TreeMessage) error {
			places[m.ID] = int64(len(places)) + 1
			m.ID, m.ChatID, m.Parent, m.Revision = 0, 0, places[m.Parent], 0
			m.Usage.SeenFrom = places[m.Usage.SeenFrom]
			m.SeenFrom = m.Usage.SeenFrom
			m.ModelName += "|" + h.models[m.ModelID]
			m.ModelID = 0
			if g := m.Generation; g != nil {
				g.MessageID = 0
				g.Engine.Build += "|" + h.models[g.Model.ID]
				g.Model.ID = 0
				for i := range g.Adapters {
					g.Adapters[i].Name += "|" + h.models[g.Adapters[i].ID]
					g.Adapters[i].ID = 0
				}
			}
			for i := range m.Pictures {
				m.Pictures[i].ID, m.Pictures[i].MessageID, m.Pictures[i].JobID, m.Pictures[i].MadeFrom = 0, 0, 0, 0
			}
			out.Messages = append(out.Messages, m)
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	out.Chat.Title += "|" + h.models[out.Chat.ModelID]
	for _, a := range out.Chat.Adapters {
		out.Chat.Title += "|" + h.models[a.ModelID]
	}
	for i := range out.Chat.Adapters {
		out.Chat.Adapters[i].ModelID = 0
	}
	out.Chat.ID, out.Chat.ModelID, out.Chat.Leaf = 0, 0, places[out.Chat.Leaf]
	out.Draft.ChatID, out.Draft.ScrollMessage, out.Draft.Editing = 0, places[out.Draft.ScrollMessage], places[out.Draft.Editing]
	return out
}

// sameTree compares chats; an empty list and none are the same to the store.
var sameTree = cmp.Options{cmpopts.EquateEmpty()}

// addPicture puts a picture's file into the house.
func (h *house) addPicture(t testing.TB, content string) string {
	t.Helper()
	sha := hash(content)
	if err := os.WriteFile(filepath.Join(h.pictures, sha+".png"), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return sha
}

var anyText = rapid.OneOf(
	rapid.String(),
	rapid.Just(""),
	rapid.StringOf(rapid.RuneFrom([]rune("a<>&`~\"\\/\n\r\t\x00\x01\x1f\x7f\u0085\u2028\u2029\uFEFF\uFFFD日é🌳👩‍🚀ب"))),
	rapid.SampledFrom([]string{
		"```go\nif a < b && c > d {\n\tfmt.Println(\"<b>\")\n}\n```", "<think>\nhm\n</think>\n\nYes.", "{\"type\":\"end\"}\n{\"loam\":\"chats\"}",
		strings.Repeat("x := <-c // long code\n", 300), "\xff\xfe broken \xc3(",
	}),
)

func anyTime(rt *rapid.T, name string) time.Time {
	return time.UnixMilli(rapid.Int64Range(1, 4_000_000_000_000).Draw(rt, name)).UTC()
}

func anySampling(rt *rapid.T) backend.Sampling {
	breakers := rapid.SampledFrom([][]string{nil, {"\n", "<"}}).Draw(rt, "breakers") // of none and an empty list JSON makes one
	return backend.Sampling{
		Temperature: rapid.Float32Range(0, 3).Draw(rt, "temperature"), TopK: rapid.IntRange(0, 200).Draw(rt, "top-k"), Seed: rapid.Uint64().Draw(rt, "seed"),
		DRYBreakers: breakers, JSONSchema: rapid.SampledFrom([]string{"", `{"a":"<"}`}).Draw(rt, "schema"),
	}
}

// anyTree is a chat like none that was ever led.
// anyFiles are attachments whose bytes are in the house.
func anyFiles(rt *rapid.T, h *house) []backend.Attachment {
	var list []backend.Attachment
	for range rapid.IntRange(0, 2).Draw(rt, "attachments") {
		data, text := rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(rt, "bytes"), anyText.Draw(rt, "words")
		sum, err := h.files.Put(data)
		words, err2 := h.files.Put([]byte(text))
		if err != nil || err2 != nil {
			rt.Fatal(err, err2)
		}
		a := backend.Attachment{
			Name: "<" + rapid.StringMatching(`[a-z 日]{1,8}`).Draw(rt, "name"), Kind: backend.AttachPDF, Size: int64(len(data)), SHA256: sum, Text: words,
			Pages: rapid.IntRange(0, 9).Draw(rt, "pages"), Tokens: rapid.IntRange(0, 99).Draw(rt, "tokens"),
		}
		if a.Partly = rapid.Bool().Draw(rt, "partly"); a.Partly {
			a.Passages = []backend.Passage{{Start: 0, End: 3, Page: 1, From: 1, To: 2, Tokens: 4}, {Start: 5, End: 9, File: "a/b.go", From: 3, To: 3}}
		}
		list = append(list, a)
	}
	return list
}

func anyTree(rt *rapid.T, h *house, pictures []string) store.Tree {
	name := func() string { return rapid.SampledFrom([]string{"", "alder", "birch"}).Draw(rt, "model") }
	n := rapid.IntRange(0, 12).Draw(rt, "messages")
	var t store.Tree
	t.Chat = backend.Chat{
		Title: anyText.Draw(rt, "title"), System: anyText.Draw(rt, "system"), ModelID: h.model(name()), Created: anyTime(rt, "created"),
		Updated: anyTime(rt, "updated"), Leaf: int64(rapid.IntRange(0, n).Draw(rt, "leaf")),
	}
	if t.Chat.Title == "" {
		t.Chat.Title = "A title" // without one the chat is named after its first words when it is imported
	}
	t.Chat.Overflow = rapid.SampledFrom([]backend.Overflow{backend.OverflowLeaveOut, backend.OverflowAsk, backend.OverflowSummarise}).Draw(rt, "overflow")
	if rapid.Bool().Draw(rt, "shelved") {
		t.Chat.Shelf = backend.Shelf{
			Pinned: rapid.Bool().Draw(rt, "pinned chat"), Archived: rapid.Bool().Draw(rt, "archived"), Folder: anyText.Draw(rt, "folder"),
			Tags: rapid.SliceOfN(anyText, 0, 4).Draw(rt, "tags"),
		}.Clean()
	}
	t.Chat.Alternatives = rapid.IntRange(0, 20).Draw(rt, "alternatives")
	if rapid.Bool().Draw(rt, "sampled") {
		s := anySampling(rt)
		t.Chat.Sampling = &s
		t.Chat.Adapters = []backend.AdapterUse{{ModelID: h.model("birch"), Weight: rapid.Float32Range(-2, 2).Draw(rt, "weight"), Off: rapid.Bool().Draw(rt, "off")}}
	}
	t.Draft = backend.Draft{
		Text: anyText.Draw(rt, "draft"), ScrollMessage: int64(rapid.IntRange(0, n).Draw(rt, "scroll")), ScrollOffset: rapid.Float32Range(0, 1e6).Draw(rt, "offset"),
		Attachments: anyFiles(rt, h),
	}
	if t.Draft.Editing = int64(rapid.IntRange(0, n).Draw(rt, "editing")); t.Draft.Editing != 0 {
		t.Draft.Edited = anyText.Draw(rt, "edited")
	}
	for i := range n {
		m := store.TreeMessage{Message: backend.Message{
			Parent: int64(rapid.IntRange(0, i).Draw(rt, "parent")), Role: rapid.SampledFrom([]backend.Role{
				backend.RoleUser, backend.RoleAssistant, backend.RoleSystem, backend.RoleTool,
			}).Draw(rt, "role"),
			State: rapid.SampledFrom([]backend.MessageState{backend.MessageComplete, backend.MessageStopped, backend.MessageInterrupted, backend.MessageFailed}).Draw(rt, "state"),
			Text:  anyText.Draw(rt, "text"), Error: rapid.SampledFrom([]string{"", "It broke <here>."}).Draw(rt, "error"),
			ModelID: h.model(name()), ModelName: rapid.SampledFrom([]string{"", "Alder 2B"}).Draw(rt, "model name"),
			Stop: rapid.SampledFrom([]backend.StopReason{"", backend.StopEnd, backend.StopLength}).Draw(rt, "stop"), Created: anyTime(rt, "said"),
			Rating: backend.Rating(rapid.IntRange(-1, 1).Draw(rt, "rating")), Pinned: rapid.Bool().Draw(rt, "pinned"),
			Attachments: anyFiles(rt, h),
		}, Summary: rapid.SampledFrom([]string{"", "", "They spoke of <Bergen>."}).Draw(rt, "summary")}
		if rapid.Bool().Draw(rt, "counted") {
			m.Usage = backend.Usage{
				PromptTokens: rapid.IntRange(0, 1e6).Draw(rt, "prompt tokens"), ReplyTime: time.Duration(rapid.Int64Range(0, 1e15).Draw(rt, "ns")),
				Edited: rapid.Bool().Draw(rt, "edited"), Template: rapid.SampledFrom([]string{"", "ab12"}).Draw(rt, "template"), SeenFrom: int64(rapid.IntRange(0, i).Draw(rt, "seen")), Note: rapid.SampledFrom([]string{"", "n"}).Draw(rt, "note"),
				Parts: &backend.ReplyParts{Reasoning: anyText.Draw(rt, "reasoning"), Calls: []backend.ReplyCall{{Name: "f", Arguments: `{"a":"<"}`}}},
			}
		}
		if rapid.Bool().Draw(rt, "recorded") {
			prompt := rapid.SliceOfN(rapid.Int32Range(0, 1<<31-1), 0, 6).Draw(rt, "prompt")
			model := name()
			m.Generation = &backend.Generation{
				Prompt: prompt, Cuts: []int{len(prompt)}, Tokens: rapid.SliceOfN(rapid.Int32Range(0, 1<<31-1), 0, 6).Draw(rt, "tokens"),
				Stops: rapid.SampledFrom([][]string{nil, {}, {"</s>", "<"}}).Draw(rt, "stops"), Sampling: anySampling(rt),
				Engine: backend.EngineInfo{Engine: "fake", Build: "1", Threads: 3}, Context: 4096, Batch: 512,
				Model:    backend.ModelRef{ID: h.model(model), Name: "N", SHA256: hash(model)},
				Adapters: []backend.AdapterRef{{ModelRef: backend.ModelRef{Name: "gone", SHA256: hash("gone")}, Weight: 0.5}},
			}
		}
		if g := m.Generation; g != nil {
			for i, id := range g.Tokens {
				m.Kept = append(m.Kept, backend.TokenChoice{Index: i, ID: id, Alts: []backend.TokenAlt{
					{ID: id, Text: "<a", LogProb: -0.25}, {ID: 7, Text: "\uFFFD", Bytes: []byte{0xc3}, LogProb: -3, Control: i == 1},
				}})
			}
		}
		if rapid.Bool().Draw(rt, "illustrated") {
			m.Pictures = []backend.Picture{{
				SHA256: rapid.SampledFrom(pictures).Draw(rt, "picture"), Width: 512, Height: 256, Seed: rapid.Uint64().Draw(rt, "picture seed"),
				Prompt: anyText.Draw(rt, "picture prompt"), Settings: []byte(`{"steps":4}`), Created: anyTime(rt, "drawn"),
			}}
		}
		t.Messages = append(t.Messages, m)
	}
	return t
}

// carry takes one chat from house to house, and compares.
func carry(rt *rapid.T, t *testing.T, here, there *house, pictures []string, dir string) {
	c, err := here.store.AddTree(t.Context(), anyTree(rt, here, pictures))
	if err != nil {
		rt.Fatal(err)
	}
	path := filepath.Join(dir, rapid.SampledFrom([]string{"chat.jsonl", "chat.zip", "no ending"}).Draw(rt, "file"))
	e, err := here.Export(t.Context(), transfer.ExportOptions{Format: transfer.JSONL, Chats: []int64{c.ID}, Path: path})
	if err != nil || e.Path != path || e.Chats != 1 || e.Missing != 0 {
		rt.Fatal(e, err)
	}
	got, err := there.Import(t.Context(), path, transfer.ImportOptions{Copies: true})
	if err != nil || len(got.Chats) != 1 || len(got.Sentences()) != 0 {
		rt.Fatal(got, err)
	}
	if diff := cmp.Diff(here.tree(t, c.ID), there.tree(t, got.Chats[0]), sameTree); diff != "" {
		rt.Fatal(diff)
	}
}

// What is exported and imported again is what it was: every branch, every byte of text, records, settings, drafts, pictures.
// It holds for a file, with pictures beside it, and for an archive.
func TestExportAndImportIsTheIdentity(t *testing.T) {
	here, there := newHouse(t, "alder", "birch"), newHouse(t, "elm", "birch", "alder")
	pictures := []string{here.addPicture(t, "one"), here.addPicture(t, "two")}
	dir := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) { carry(rt, t, here, there, pictures, dir) })
	for _, sha := range pictures {
		if _, err := os.Stat(filepath.Join(there.pictures, sha+".png")); err != nil {
			t.Error(err)
		}
	}
}

// The same between two databases, with one chat that has everything in it.
func TestExportAndImportBetweenDatabasesIsTheIdentity(t *testing.T) {
	here, _ := realHouse(t, "alder", "birch")
	there, db := realHouse(t, "elm", "birch", "alder")
	pictures := []string{here.addPicture(t, "one")}
	dir := t.TempDir()
	for seed := range 4 {
		tree := rapid.Custom(func(rt *rapid.T) store.Tree { return anyTree(rt, here, pictures) }).Example(seed)
		c, err := here.store.AddTree(t.Context(), tree)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "chat.zip")
		export(t, here, transfer.ExportOptions{Format: transfer.JSONL, Chats: []int64{c.ID}, Path: path})
		got, err := there.Import(t.Context(), path, transfer.ImportOptions{})
		if err != nil || len(got.Chats) != 1 {
			t.Fatal(got, err)
		}
		if diff := cmp.Diff(here.tree(t, c.ID), there.tree(t, got.Chats[0]), sameTree); diff != "" {
			t.Error(diff)
		}
	}
	if err := db.IntegrityCheck(t.Context()); err != nil {
		t.Error(err)
	}
}

func add(t *testing.T, h *house, title string, texts ...string) backend.Chat {
	t.Helper()
	tree := store.Tree{Chat: backend.Chat{Title: title, Leaf: int64(len(texts)), Created: time.UnixMilli(1_700_000_000_000 + int64(len(title))).UTC()}}
	for i, text := range texts {
		role := backend.RoleUser
		if i%2 == 1 {
			role = backend.RoleAssistant
		}
		tree.Messages = append(tree.Messages, store.TreeMessage{Message: backend.Message{Parent: int64(i), Role: role, Text: text, Created: tree.Chat.Created}})
	}
	c, err := h.store.AddTree(t.Context(), tree)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func export(t *testing.T, h *house, o transfer.ExportOptions) transfer.Exported {
	t.Helper()
	e, err := h.Export(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// The same file twice does not double anything, unless that is asked for; a chat that has grown since comes beside its older
// state; one that was removed comes back.
func TestImportingTwiceDoublesNothing(t *testing.T) {
	h, db := realHouse(t)
	one := add(t, h, "one", "a", "b")
	add(t, h, "three", "c", "d")
	path := filepath.Join(t.TempDir(), "all.jsonl")
	export(t, h, transfer.ExportOptions{Format: transfer.JSONL, Path: path})
	type outcome struct{ New, There, Newer int }
	try := func(o transfer.ImportOptions) outcome {
		t.Helper()
		c, err := h.Inspect(t.Context(), path, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := h.Import(t.Context(), path, o)
		if err != nil {
			t.Fatal(err)
		}
		if !o.Copies && (c.New != len(got.Chats) || c.There != got.There || c.Newer != got.Newer) {
			t.Errorf("the look said %+v, the import was %+v", c, got)
		}
		return outcome{len(got.Chats), got.There, got.Newer}
	}
	if diff := cmp.Diff(outcome{There: 2}, try(transfer.ImportOptions{})); diff != "" {
		t.Error(diff)
	}
	if _, err := db.AddMessage(t.Context(), backend.Message{ChatID: one.ID, Role: backend.RoleUser, Text: "more"}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(outcome{There: 2}, try(transfer.ImportOptions{})); diff != "" {
		t.Error("a chat that went on is still there:", diff)
	}
	if diff := cmp.Diff(outcome{New: 2}, try(transfer.ImportOptions{Copies: true})); diff != "" {
		t.Error(diff)
	}
	chats, err := h.store.Chats(t.Context(), store.ChatQuery{})
	if err != nil || len(chats) != 4 {
		t.Error(chats, err)
	}
	for _, c := range chats {
		if err := db.TrashChat(t.Context(), c.ID); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(outcome{New: 2}, try(transfer.ImportOptions{})); diff != "" {
		t.Error("chats that were removed come back:", diff)
	}
	shorter := newHouse(t)
	add(t, shorter, "one", "a")
	got, err := shorter.Import(t.Context(), path, transfer.ImportOptions{})
	if err != nil || len(got.Chats) != 2 || got.Newer != 1 {
		t.Error(got, err)
	}
}

// Equal chats of one file are as many chats.
func TestEqualChatsOfAFileStaySeveral(t *testing.T) {
	here, there := newHouse(t), newHouse(t)
	add(t, here, "same", "a", "b")
	add(t, here, "same", "a", "b")
	path := filepath.Join(t.TempDir(), "all.jsonl")
	export(t, here, transfer.ExportOptions{Format: transfer.JSONL, Path: path})
	got, err := there.Import(t.Context(), path, transfer.ImportOptions{})
	if err != nil || len(got.Chats) != 2 {
		t.Error(got, err)
	}
}

// An export that is stopped, or that cannot be written, leaves everything as it was, and its error says why.
func TestExportLeavesNothingHalfWritten(t *testing.T) {
	h := newHouse(t)
	for range 5 {
		add(t, h, "chat", "q", "a")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "chats.jsonl")
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, o := range []transfer.ExportOptions{
		{Format: transfer.JSONL, Path: path},
		{Format: transfer.JSONL, Path: filepath.Join(dir, "chats.zip")},
		{Format: transfer.Markdown, Path: filepath.Join(dir, "folder")},
		{Format: transfer.HTML, Path: filepath.Join(dir, "folder.zip")},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		o.Progress = func(p transfer.Progress) {
			if p.Total != 5 {
				t.Error(p)
			}
			if p.Chats == 3 {
				cancel()
			}
		}
		if _, err := h.Export(ctx, o); err == nil || ctx.Err() == nil {
			t.Error(o.Path, "was written", err)
		}
		cancel()
	}
	if _, err := h.Export(t.Context(), transfer.ExportOptions{Format: transfer.JSONL, Path: filepath.Join(dir, "not", "there.jsonl")}); err == nil {
		t.Error("a folder that is not there was written to")
	}
	if _, err := h.Export(t.Context(), transfer.ExportOptions{Format: transfer.HTML, Path: os.DevNull}); err == nil {
		t.Error("a device was replaced")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Error(entries, err)
	}
	if got, err := os.ReadFile(path); string(got) != "precious" {
		t.Error(string(got), err)
	}
}

// Several chats for a reader become a folder or an archive with a file each, whose names differ and mean the same everywhere.
func TestPagesOfManyChatsGetAFileEach(t *testing.T) {
	h := newHouse(t)
	for _, title := range []string{"Trip: to/Norway?", "trip to Norway", "CON", "..", "", strings.Repeat("長", 90)} {
		add(t, h, title, "q", "a")
	}
	e := export(t, h, transfer.ExportOptions{Format: transfer.HTML, Path: t.TempDir()})
	entries, err := os.ReadDir(e.Path)
	if err != nil || len(entries) != 7 {
		t.Fatal(entries, err)
	}
	z := export(t, h, transfer.ExportOptions{Format: transfer.Markdown, Path: filepath.Join(t.TempDir(), "all.zip")})
	r, err := zip.OpenReader(z.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	seen := map[string]bool{}
	for _, f := range r.File {
		name := strings.ToLower(f.Name)
		if seen[name] || strings.ContainsAny(name, `<>:"/\|?*`) || !strings.HasSuffix(name, ".md") || len(name) > 130 {
			t.Error(f.Name)
		}
		seen[name] = true
	}
	if len(seen) != 6 {
		t.Error(seen)
	}
	if _, err := h.Export(t.Context(), transfer.ExportOptions{Format: transfer.HTML, Path: e.Path + "/2"}); err != nil {
		t.Error(err)
	}
}

// A reply that is being written is in the export as far as it is stored.
func TestRunningReplyIsExportedAsInterrupted(t *testing.T) {
	h, db := realHouse(t)
	c := add(t, h, "running", "a", "b")
	_, reply, err := db.AddExchange(t.Context(), backend.Message{ChatID: c.ID, Parent: c.Leaf, Role: backend.RoleUser, Text: "q"},
		backend.Message{Role: backend.RoleAssistant}, backend.Owner{PID: 1, Started: 2})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.AppendReply(t.Context(), reply.ID, []int32{1}, "half a"); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := h.Write(t.Context(), &out, transfer.ExportOptions{Format: transfer.JSONL, Chats: []int64{c.ID}}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), `"state":"interrupted"`) || !strings.Contains(out.String(), "half a") {
		t.Error(out.String())
	}
}
