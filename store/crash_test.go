package store_test

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"loam/backend"
	"loam/store"
)

// childVariable makes the test binary a process that writes replies until it is killed.
const childVariable = "LOAM_STORE_CHILD"

func TestMain(m *testing.M) {
	if path := os.Getenv(childVariable); path != "" {
		fmt.Println("error:", streamForever(context.Background(), path))
		os.Exit(1)
	}
	if os.Getenv("LOAM_STORM") != "full" {
		// A quarter of the usual cases: each one writes to a disk. -rapid.checks still has the last word.
		if err := flag.Set("rapid.checks", "25"); err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// streamed is the text that a child writes to every reply: piece after piece of it, of varying length.
func streamed(seed uint64) func() string {
	random := rand.New(rand.NewPCG(seed, 1))
	return func() string {
		return strings.Repeat(string(rune('a'+random.IntN(26)))+"é日", random.IntN(60)) + " "
	}
}

// streamForever writes one reply after the other and says after each write what was acknowledged:
// "ID BYTES" (ID = the message, BYTES = the length of its text).
func streamForever(ctx context.Context, path string) error {
	s, err := store.Open(ctx, store.Options{Path: path})
	if err != nil {
		return err
	}
	owner := backend.Owner{PID: os.Getpid(), Started: time.Now().UnixNano(), Boot: "storm"}
	chats, err := s.Chats(ctx, store.ChatQuery{})
	if err != nil {
		return err
	}
	if len(chats) == 0 {
		chat, err := s.CreateChat(ctx, backend.Chat{Title: "Storm"})
		if err != nil {
			return err
		}
		chats = append(chats, chat)
	}
	parent := chats[0].Leaf
	for {
		_, reply, err := s.AddExchange(ctx, backend.Message{ChatID: chats[0].ID, Parent: parent, Role: backend.RoleUser, Text: "More."},
			backend.Message{Role: backend.RoleAssistant}, owner)
		if err != nil {
			return err
		}
		fmt.Println(reply.ID, 0)
		if err := s.RecordPrompt(ctx, backend.Generation{MessageID: reply.ID, Prompt: []int32{1}, Cuts: []int{1}}); err != nil {
			return err
		}
		next, written := streamed(uint64(reply.ID)), 0
		for range 12 {
			text := next()
			if _, err := s.AppendReply(ctx, reply.ID, []int32{int32(len(text))}, text); err != nil {
				return err
			}
			written += len(text)
			fmt.Println(reply.ID, written)
		}
		text := next()
		if _, err := s.FinishReply(ctx, reply.ID, store.Finish{State: backend.MessageComplete, Tokens: []int32{int32(len(text))}, Text: text}); err != nil {
			return err
		}
		fmt.Println(reply.ID, written+len(text))
		parent = reply.ID
	}
}

// A kill at any moment loses nothing that was acknowledged. The same file goes through all the kills.
func TestKillWhileStreamingLosesNoAcknowledgedWord(t *testing.T) {
	kills := 25
	if os.Getenv("LOAM_STORM") == "full" {
		kills = 100
	}
	seed := rand.Uint64()
	t.Logf("seed %d, %d kills", seed, kills)
	random := rand.New(rand.NewPCG(seed, 2))
	path := filepath.Join(t.TempDir(), "loam.db")
	acknowledged := map[int64]int{}
	for range kills {
		killAfter(t, path, random, acknowledged)
		checkAfterKill(t, path, acknowledged)
		if t.Failed() {
			return
		}
	}
	if len(acknowledged) < kills/2 {
		t.Errorf("only %d replies in %d rounds: nothing was tested", len(acknowledged), kills)
	}
}

// killAfter lets a child write and kills it after a random number of lines, a random moment later.
func killAfter(t *testing.T, path string, random *rand.Rand, acknowledged map[int64]int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	read := func() bool {
		if !lines.Scan() {
			return false
		}
		var id int64
		var length int
		if _, err := fmt.Sscan(lines.Text(), &id, &length); err != nil {
			t.Fatalf("the child says %q", lines.Text())
		}
		acknowledged[id] = max(acknowledged[id], length)
		return true
	}
	for range 1 + random.IntN(30) {
		if !read() {
			t.Fatalf("the child ended by itself: %v", lines.Err())
		}
	}
	time.Sleep(time.Duration(random.IntN(3000)) * time.Microsecond) // not a wait for anything: it spreads the kills
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for read() { // what it said before the kill counts
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) {
		t.Fatalf("the child ended with %v", err)
	}
}

func checkAfterKill(t *testing.T, path string, acknowledged map[int64]int) {
	t.Helper()
	ctx := t.Context()
	s, err := store.Open(ctx, store.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.IntegrityCheck(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := s.MarkInterrupted(ctx, func(backend.Owner) bool { return false }); err != nil {
		t.Fatal(err)
	}
	chats, err := s.Chats(ctx, store.ChatQuery{})
	if err != nil {
		t.Fatal(err)
	}
	for id, length := range acknowledged {
		m, err := s.Message(ctx, id)
		if err != nil {
			t.Fatalf("reply %d: %v", id, err)
		}
		var whole strings.Builder
		next := streamed(uint64(id))
		for range 13 {
			whole.WriteString(next())
		}
		if len(m.Text) < length {
			t.Errorf("reply %d shrank from %d to %d bytes", id, length, len(m.Text))
		}
		if !strings.HasPrefix(whole.String(), m.Text) {
			t.Errorf("reply %d is not what was written", id)
		}
		if m.State != backend.MessageInterrupted && m.State != backend.MessageComplete {
			t.Errorf("reply %d is %v", id, m.State)
		}
		if m.State == backend.MessageComplete && m.Text != whole.String() {
			t.Errorf("reply %d is complete with %d of %d bytes", id, len(m.Text), whole.Len())
		}
		if length == 0 {
			continue // its generation may not be stored yet
		}
		g, err := s.Generation(ctx, id)
		if err != nil {
			t.Fatalf("reply %d: %v", id, err)
		}
		sum := 0
		for _, n := range g.Tokens {
			sum += int(n)
		}
		if sum != len(m.Text) {
			t.Errorf("reply %d: tokens for %d bytes, text of %d", id, sum, len(m.Text))
		}
	}
	if _, err := s.Path(ctx, chats[0].ID); err != nil {
		t.Error(err)
	}
}

// The command line opens the same file while the window writes to it.
func TestTwoProcessesWriteTheSameFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "loam.db")
	s, err := store.Open(t.Context(), store.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	chat := newChat(t, s)
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	var id int64
	var length int
	_, reply := exchange(t, s, chat.ID, 0, "Window")
	for range 40 {
		if !lines.Scan() {
			t.Fatal("the child ended")
		}
		if _, err := fmt.Sscan(lines.Text(), &id, &length); err != nil {
			t.Fatalf("the child says %q", lines.Text())
		}
		if _, err := s.AppendReply(t.Context(), reply.ID, []int32{1}, "x"); err != nil {
			t.Fatal(err)
		}
		m, err := s.Message(t.Context(), id)
		if err != nil || len(m.Text) < length {
			t.Fatalf("a write of the other process is not seen: %d of %d bytes, %v", len(m.Text), length, err)
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait() //nolint:errcheck // it was killed
	m, err := s.FinishReply(t.Context(), reply.ID, store.Finish{State: backend.MessageComplete})
	if err != nil || m.Text != strings.Repeat("x", 40) {
		t.Errorf("got %q, %v", m.Text, err)
	}
}
