package store_test

import (
	"context"
	"flag"
	"path/filepath"
	"sync"
	"testing"

	"loam/backend"
	"loam/store"
	"loam/store/storebench"
)

var (
	benchMessages = flag.Int("store.messages", 100_000, "messages in the benchmarks' store")
	benchPerChat  = flag.Int("store.perchat", 200, "messages in each chat of the benchmarks' store")
)

// full is the store of all benchmarks; it takes a while to fill.
var full struct {
	sync.Once
	*store.Store
	err error
}

// fullStore fills a store with as many messages as the flags say, of 80 words on average.
func fullStore(b *testing.B) *store.Store {
	b.Helper()
	full.Do(func() {
		full.Store, full.err = fillStore(context.Background(), filepath.Join(b.TempDir(), "..", "full.db"))
	})
	if full.err != nil {
		b.Fatal(full.err)
	}
	return full.Store
}

func fillStore(ctx context.Context, path string) (*store.Store, error) {
	s, err := store.Open(ctx, store.Options{Path: path})
	if err != nil {
		return nil, err
	}
	_, err = storebench.Fill(ctx, s, *benchMessages, *benchPerChat)
	return s, err
}

func BenchmarkSearch(b *testing.B) {
	s := fullStore(b)
	for name, query := range map[string]string{
		"common": "w1", "two words": "w10 w20", "rare": "w9c3f", "prefix": "w9c", "inside a word": "9c3", "two rare": "w9c3 w8b2",
		"nothing": "xyzzy", "ideograph": "日本",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := s.SearchMessages(b.Context(), query, 50); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkOpenChat(b *testing.B) {
	s := fullStore(b)
	chats, err := s.Chats(b.Context(), store.ChatQuery{})
	if err != nil {
		b.Fatal(err)
	}
	for i := 0; b.Loop(); i++ {
		path, err := s.Path(b.Context(), chats[i*7%len(chats)].ID)
		if err != nil || len(path) == 0 {
			b.Fatal(len(path), err)
		}
	}
}

func BenchmarkListChats(b *testing.B) {
	s := fullStore(b)
	for b.Loop() {
		if _, err := s.Chats(b.Context(), store.ChatQuery{Limit: 100}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAppendReply is one durable write of a running reply of a thousand writes: four a second are needed.
func BenchmarkAppendReply(b *testing.B) {
	s, err := store.Open(b.Context(), store.Options{Path: filepath.Join(b.TempDir(), "loam.db")})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	chat := newChat(b, s)
	var reply backend.Message
	for i := 0; b.Loop(); i++ {
		if i%1000 == 0 {
			_, reply = exchange(b, s, chat.ID, 0, "more")
		}
		if _, err := s.AppendReply(b.Context(), reply.ID, []int32{1, 20000, 3, 400}, "four tokens of text"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpenStore(b *testing.B) {
	path := filepath.Join(b.TempDir(), "loam.db")
	for b.Loop() {
		s, err := store.Open(b.Context(), store.Options{Path: path})
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
