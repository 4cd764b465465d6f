package words

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"

	"loam/backend"
	"loam/backend/chat"
	"loam/backend/engine"
	"loam/backend/library"
	"loam/ui/guide"
)

func TestErrorsBecomeSentences(t *testing.T) {
	g, err := guide.Load(os.DirFS("../../assets"))
	if err != nil {
		t.Fatal(err)
	}
	forecast := backend.Forecast{Total: 6 << 30, Free: 2 << 30}
	for name, c := range map[string]struct {
		err  error
		has  []string
		next string
	}{
		"bad file":        {&backend.BadFile{Path: "/m/a.gguf", Reason: "it ends in the middle"}, []string{"“a.gguf”", "it ends in the middle."}, NextOtherFiles},
		"bad bytes":       {&backend.BadFile{Reason: "it is text"}, []string{"The file cannot be used: it is text."}, NextOtherFiles},
		"bad database":    {&backend.BadFile{Path: "/d/loam.db", Reason: "the database is damaged"}, []string{"“/d/loam.db”", "backups"}, NextFolder},
		"no room":         {&library.NoRoom{Model: "Big", Needed: 6e9, Free: 2e9}, []string{"Big", "6.0 GB", "2.0 GB", "the disk of the models folder"}, NextFolder},
		"nor elsewhere":   {fmt.Errorf("move: %w", &library.NoRoom{Model: "the models folder", Needed: 6e9, Free: 2e9, At: "/disk/m"}), []string{"in /disk/m", "6.0 GB", "stays where it was"}, ""},
		"too big":         {&backend.DoesNotFit{Model: "Big", Forecast: forecast}, []string{"Big", "6.4 GB", "2.1 GB"}, NextModels},
		"memory":          {&engine.Crashed{Cause: engine.CauseMemory}, []string{"memory"}, NextModels},
		"crash at a file": {&engine.Crashed{Cause: engine.CauseBadFile}, []string{"damaged"}, NextModels},
		"assertion":       {&engine.Crashed{Cause: engine.CauseAssertion}, []string{"fault"}, NextTryAgain},
		"gpu":             {&engine.Crashed{Cause: engine.CauseGPU}, []string{"graphics card"}, NextSettings},
		"killed":          {&engine.Crashed{Cause: engine.CauseKilled}, []string{"from outside"}, NextTryAgain},
		"hang":            {&engine.Crashed{Cause: engine.CauseHang}, []string{"did not answer"}, NextTryAgain},
		"unknown":         {&engine.Crashed{Cause: engine.CauseUnknown}, []string{"unknown"}, NextTryAgain},
		"gave up":         {&engine.Crashed{Cause: engine.CauseGPU, GaveUp: true}, []string{"three times", "gpu"}, NextModels},
		"newer":           {backend.ErrNewerStore, []string{"newer version", "untouched"}, NextFolder},
		"read-only":       {fmt.Errorf("%w: %w", backend.ErrReadOnly, &fs.PathError{Op: "open", Path: "/ro/x", Err: syscall.EROFS}), []string{"“/ro/x”", "written"}, NextFolder},
		"full":            {backend.ErrDiskFull, []string{"disk is full"}, NextFolder},
		"locked":          {backend.ErrLocked, []string{"Another Loam"}, ""},
		"no model":        {backend.ErrNoModel, []string{"no chat model"}, NextAddModel},
		"too long":        {&chat.TooLong{Tokens: 12345, Room: 4000}, []string{"12,345", "4,000"}, NextModels},
		"overflowing":     {&chat.Overflowing{Plan: chat.Plan{LeftOut: []int64{1, 2}}}, []string{"Not sent", "2 oldest messages"}, ""},
		"prompt too long": {engine.ErrPromptTooLong, []string{"too long"}, NextModels},
		"unusable":        {&chat.Unusable{Model: backend.Model{Name: "Old"}, Reason: "it was removed"}, []string{"Old", "it was removed."}, NextModels},
		"ambiguous":       {&library.Ambiguous{Query: "q", Names: []string{"Qa", "Qb"}}, []string{"Qa", "Qb", "more of the name"}, ""},
		"missing parts":   {&library.MissingParts{Model: "Flux schnell", Missing: []string{"text encoder (T5)", "VAE"}}, []string{"Flux schnell cannot draw yet: its text encoder (T5) and its VAE is not here.", "Add the file"}, NextAddFile},
		"deadline":        {context.DeadlineExceeded, []string{"too long"}, NextTryAgain},
		"permission":      {&fs.PathError{Op: "open", Path: "/m/a.gguf", Err: syscall.EACCES}, []string{"“/m/a.gguf”", "no right"}, NextOtherFiles},
		"missing":         {&fs.PathError{Op: "open", Path: "/m/a.gguf", Err: syscall.ENOENT}, []string{"no file “/m/a.gguf”"}, NextOtherFiles},
		"folder":          {&fs.PathError{Op: "read", Path: "/m", Err: syscall.EISDIR}, []string{"“/m” is a folder"}, NextOtherFiles},
		"strange name":    {&fs.PathError{Op: "open", Path: "/m/\x1b[31m\n" + strings.Repeat("x", 9999), Err: syscall.ENOENT}, []string{"…"}, NextOtherFiles},
		"unforeseen":      {errors.New("open wire: it\nbroke"), []string{"Open wire: it broke."}, ""},
		"without words":   {errors.New(""), []string{"Something went wrong."}, ""},
	} {
		for _, err := range []error{c.err, fmt.Errorf("send message: %w", c.err), errors.Join(c.err, errors.New("close"))} {
			text, next, learn := Explain(err)
			if _, ok := g.Find(learn, -1); !ok {
				t.Errorf("%s: the guide has no %q", name, learn)
			}
			for _, part := range c.has {
				if !strings.Contains(strings.ToLower(text), strings.ToLower(strings.TrimSuffix(part, "."))) && c.err.Error() != "" {
					t.Errorf("%s: %q lacks %q", name, text, part)
				}
			}
			if next != c.next {
				t.Errorf("%s: next step %q instead of %q", name, next, c.next)
			}
			if strings.ContainsAny(text, "\n\x1b") || !strings.HasSuffix(text, ".") || len(text) > 700 {
				t.Errorf("%s: %q is not one clear sentence", name, text)
			}
		}
	}
	if text, next := Sentence(nil); text != "" || next != "" {
		t.Errorf("no error is %q, %q", text, next)
	}
}

// Every cause has words of its own: one that is added later must not fall through to "unknown".
func TestEveryCauseHasItsOwnWords(t *testing.T) {
	seen := map[string]engine.Cause{}
	for _, cause := range []engine.Cause{
		engine.CauseMemory, engine.CauseBadFile, engine.CauseAssertion, engine.CauseGPU, engine.CauseKilled, engine.CauseHang, engine.CauseUnknown,
	} {
		text, _ := Sentence(&engine.Crashed{Cause: cause})
		if other, ok := seen[text]; ok {
			t.Errorf("%s and %s have the same words", cause, other)
		}
		seen[text] = cause
	}
}
