// Package storebench measures the store: "loam bench store". It fills a store of its own in a temporary folder and
// deletes it at the end; it may take minutes and uses one goroutine.
package storebench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"loam/backend"
	"loam/store"
)

// The size of the measured store, as the budgets name it.
const (
	Messages = 100_000
	perChat  = 200
	repeats  = 50
	// picturesPer is how many messages there are for each picture.
	picturesPer = 5
)

// Run fills a store with so many messages and measures it.
func Run(ctx context.Context, messages int) (_ []backend.Figure, err error) {
	dir, err := os.MkdirTemp("", "loam-bench-")
	if err != nil {
		return nil, fmt.Errorf("measure the store: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "loam.db")
	s, err := store.Open(ctx, store.Options{Path: path})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	begin := time.Now()
	chats, err := Fill(ctx, s, messages, perChat)
	if err != nil {
		return nil, err
	}
	figures := []backend.Figure{
		{Name: "messages stored", Value: float64(messages) / time.Since(begin).Seconds(), Unit: "1/s", Better: backend.BetterHigher},
	}
	for _, q := range []struct{ name, query string }{
		{"search a common word", "w1"},
		{"search two words", "w10 w20"},
		{"search a rare word", "w9c3f"},
		{"search a beginning", "w9c"},
		{"search within words", "9c3"},
		{"search nothing", "xyzzy"},
		{"search two ideographs", "日本"},
	} {
		f, err := timed(q.name, func(int) error {
			_, err := s.SearchMessages(ctx, q.query, 50)
			return err
		})
		if err != nil {
			return nil, err
		}
		figures = append(figures, f)
	}
	more, err := chatFigures(ctx, s, chats)
	if err != nil {
		return nil, err
	}
	pictures, err := pictureFigures(ctx, s, messages/picturesPer)
	return append(append(figures, more...), pictures...), err
}

// pictureFigures measures the search of pictures by their prompts, beside that of messages.
func pictureFigures(ctx context.Context, s *store.Store, pictures int) (figures []backend.Figure, err error) {
	if err := FillPictures(ctx, s, pictures); err != nil {
		return nil, err
	}
	for _, q := range []struct{ name, query string }{
		{"search pictures, a common word", "w1"},
		{"search pictures, a beginning", "w9c"},
		{"search pictures, a phrase", `"w1 w2"`},
		{"search pictures, within words", "9c3"},
		{"search pictures, one ideograph", "灯"},
		{"search pictures, nothing", "xyzzy"},
	} {
		f, err := timed(q.name, func(int) error {
			_, err := s.SearchPictures(ctx, q.query, 50)
			return err
		})
		if err != nil {
			return nil, err
		}
		figures = append(figures, f)
	}
	return figures, nil
}

// chatFigures measures what a window does all day.
func chatFigures(ctx context.Context, s *store.Store, chats []int64) ([]backend.Figure, error) {
	opened, err := timed("open a chat", func(i int) error {
		_, err := s.Path(ctx, chats[i*7%len(chats)])
		return err
	})
	if err != nil {
		return nil, err
	}
	listed, err := timed("list 100 chats", func(int) error {
		_, err := s.Chats(ctx, store.ChatQuery{Limit: 100})
		return err
	})
	if err != nil {
		return nil, err
	}
	_, reply, err := s.AddExchange(ctx, backend.Message{ChatID: chats[0], Role: backend.RoleUser, Text: "More."},
		backend.Message{Role: backend.RoleAssistant}, backend.Owner{PID: os.Getpid()})
	if err != nil {
		return nil, err
	}
	grown, err := timed("append to a reply", func(int) error {
		_, err := s.AppendReply(ctx, reply.ID, []int32{1, 20000, 3, 400}, "four tokens of text")
		return err
	})
	return []backend.Figure{opened, listed, grown}, err
}

// timed is the median time of f in milliseconds.
func timed(name string, f func(i int) error) (backend.Figure, error) {
	times := make([]time.Duration, 0, repeats)
	for i := range repeats {
		begin := time.Now()
		if err := f(i); err != nil {
			return backend.Figure{}, fmt.Errorf("measure %s: %w", name, err)
		}
		times = append(times, time.Since(begin))
	}
	slices.Sort(times)
	return backend.Figure{Name: name, Value: times[len(times)/2].Seconds() * 1000, Unit: "ms", Better: backend.BetterLower}, nil
}

// Fill stores messages of 80 words on average, always the same ones, whose words are as unevenly common as those of a
// language. It returns the chats.
func Fill(ctx context.Context, s *store.Store, messages, perChat int) (chats []int64, err error) {
	random := rand.New(rand.NewPCG(1, 1))
	words := rand.NewZipf(random, 1.1, 4, 50_000)
	for n := 0; n < messages; n += perChat {
		chat, err := s.CreateChat(ctx, backend.Chat{Title: fmt.Sprint("Chat ", n)})
		if err != nil {
			return nil, err
		}
		chats = append(chats, chat.ID)
		thread := make([]backend.Message, 0, perChat)
		for range min(perChat, messages-n) {
			var text strings.Builder
			for range 10 + random.IntN(140) {
				fmt.Fprintf(&text, "w%x ", words.Uint64())
			}
			thread = append(thread, backend.Message{ChatID: chat.ID, Role: backend.RoleUser, Text: text.String()})
		}
		if err := s.AddThread(ctx, thread); err != nil {
			return nil, err
		}
	}
	return chats, nil
}

// FillPictures stores pictures with prompts of 20 words on average, and an ideograph in every tenth.
func FillPictures(ctx context.Context, s *store.Store, pictures int) error {
	random := rand.New(rand.NewPCG(2, 2))
	words := rand.NewZipf(random, 1.1, 4, 50_000)
	const perMessage = 1000 // in one transaction
	for n := 0; n < pictures; n += perMessage {
		message := store.TreeMessage{Message: backend.Message{Role: backend.RoleUser, State: backend.MessageComplete, Text: "Pictures"}}
		for i := range min(perMessage, pictures-n) {
			var prompt strings.Builder
			for range 5 + random.IntN(30) {
				fmt.Fprintf(&prompt, "w%x ", words.Uint64())
			}
			if i%10 == 0 {
				prompt.WriteString("灯台")
			}
			message.Pictures = append(message.Pictures, backend.Picture{
				SHA256: fmt.Sprint("picture ", n+i), Width: 512, Height: 512, Prompt: prompt.String(), Settings: []byte("{}"),
			})
		}
		tree := store.Tree{Chat: backend.Chat{Title: fmt.Sprint("Pictures ", n)}, Messages: []store.TreeMessage{message}}
		if _, err := s.AddTree(ctx, tree); err != nil {
			return err
		}
	}
	return nil
}
