// Loam runs open language models on this machine: a window, a command line, and the engines' children are one program.
//
// main is the only place that knows everything: it becomes an engine's child when it was started as one, before any
// window library is touched; else it reads the command line, which may ask for the window. What is opened is closed in
// reverse order.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/mattn/go-isatty"

	"loam/backend"
	"loam/backend/app"
	"loam/backend/attach"
	"loam/backend/runner"
	"loam/backend/runner/llama"
	"loam/backend/runner/sd"
	"loam/backend/runner/sd/season"
	"loam/store/storebench"
	"loam/ui/cli"
)

// Set by the build: -ldflags "-X main.version=... -X main.commit=...".
var (
	version = "dev"
	commit  = "unknown"
)

func main() {
	started := time.Now()
	if runner.IsWorker(os.Args) {
		os.Exit(runner.Main(os.Args, llama.Driver(), llama.Pack(), sd.Pack{}, season.Embedded{}))
	}
	if attach.IsReader(os.Args) {
		confineReader()
		os.Exit(attach.Main(os.Stdin, os.Stdout))
	}
	console()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends at once
	code := cli.Run(ctx, os.Args[1:], cli.Deps{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		Terminal: isatty.IsTerminal(os.Stderr.Fd()), Typed: isatty.IsTerminal(os.Stdin.Fd()),
		Version: version, Commit: commit, Catalogue: models(),
		Window: func(ctx context.Context, folders app.Folders, files []string) error {
			return window(ctx, folders, files, started)
		},
		Bench: map[string]func(context.Context) ([]backend.Figure, error){
			"ui":    benchUI,
			"store": func(ctx context.Context) ([]backend.Figure, error) { return storebench.Run(ctx, storebench.Messages) },
		},
	})
	stop()
	os.Exit(code)
}
