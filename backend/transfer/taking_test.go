package transfer_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/backend/transfer"
	"loam/store"
)

// picky is a store that does not take chats of one name.
type picky struct {
	keeper
	refuses  string
	together []int // how many chats were stored together each time
}

var errPicky = errors.New("not this one")

func (p *picky) AddTree(ctx context.Context, t store.Tree) (backend.Chat, error) {
	if t.Chat.Title == p.refuses {
		return backend.Chat{}, errPicky
	}
	return p.keeper.AddTree(ctx, t)
}

func (p *picky) AddTrees(ctx context.Context, trees []store.Tree) ([]backend.Chat, error) {
	for _, t := range trees {
		if t.Chat.Title == p.refuses {
			return nil, errPicky
		}
	}
	p.together = append(p.together, len(trees))
	return p.keeper.AddTrees(ctx, trees)
}

// manyChats is a ChatGPT export of n chats of two messages.
func manyChats(t *testing.T, n int) string {
	t.Helper()
	var out strings.Builder
	for i := range n {
		fmt.Fprintf(&out, `%c{"title": "Chat %d", "create_time": %d, "current_node": "a", "mapping": {
			"r": {"id": "r", "message": null, "parent": null, "children": ["q"]},
			"q": {"id": "q", "parent": "r", "children": ["a"], "message": {"author": {"role": "user"}, "content": {"content_type": "text", "parts": ["Question %d"]}}},
			"a": {"id": "a", "parent": "q", "children": [], "message": {"author": {"role": "assistant"}, "content": {"content_type": "text", "parts": ["Answer %d"]}}}}}`,
			"[,"[min(i, 1)], i, 1_700_000_000+i, i, i)
	}
	path := filepath.Join(t.TempDir(), "conversations.json")
	if err := os.WriteFile(path, []byte(out.String()+"]"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Many chats are stored together, as many as have 2,500 messages, told one by one, and keep the order of the file.
func TestManyChatsAreStoredTogether(t *testing.T) {
	p := &picky{keeper: &shelf{}}
	h := newHouseOn(t, p)
	var told []string
	done, err := h.Import(t.Context(), manyChats(t, 3001), transfer.ImportOptions{Progress: func(p transfer.Progress) {
		if told = append(told, p.Title); p.Chats != len(told) {
			t.Errorf("%d chats after %d", p.Chats, len(told))
		}
	}})
	if err != nil || len(done.Chats) != 3001 || done.Newer != 0 {
		t.Fatal(len(done.Chats), err)
	}
	if diff := cmp.Diff([]int{1250, 1250, 501}, p.together); diff != "" {
		t.Error(diff)
	}
	if told[0] != "Chat 0" || told[3000] != "Chat 3000" {
		t.Error(told[0], told[3000])
	}
}

// Where a chat cannot be stored, those before it are there and those behind it are not, as if they came one by one.
func TestAChatThatCannotBeStoredKeepsOnlyThoseBehindItOut(t *testing.T) {
	h := newHouseOn(t, &picky{keeper: &shelf{}, refuses: "Chat 7"})
	done, err := h.Import(t.Context(), manyChats(t, 20), transfer.ImportOptions{})
	if !errors.Is(err, errPicky) || len(done.Chats) != 7 {
		t.Error(len(done.Chats), err)
	}
	if chats, err := h.store.Chats(t.Context(), store.ChatQuery{}); err != nil || len(chats) != 7 {
		t.Error(len(chats), err)
	}
}
