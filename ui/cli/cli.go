// Package cli is the command line: the same program, the same data and the same services as the window, without a
// window library. main parses nothing itself; it calls Run with what only it can make (the window, benchmarks of other
// rooms) and exits with the code that Run returns.
//
// Results go to stdout, progress to stderr and only when that is a terminal. An error is one clear line on stderr and an
// exit code that is not 0. Commands take no lock: they work while the window is open.
package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"runtime"
	"strings"

	"github.com/alecthomas/kong"

	"loam/backend"
	"loam/backend/app"
	"loam/ui/words"
)

// Exit codes.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130 // as a shell reports a process that Ctrl-C ended
)

// Deps is what the command line is made of. Stdin, Stdout and Stderr are required.
type Deps struct {
	Stdin    io.Reader
	Stdout   io.Writer
	Stderr   io.Writer
	Terminal bool // stderr is a terminal: progress is shown there
	Typed    bool // stdin is a terminal: nothing is read from it without being asked for
	Version  string
	Commit   string
	// Catalogue is the catalogue of models that comes with the program; nil = none.
	Catalogue []byte
	// Window opens the window with files and returns when it is closed.
	Window func(ctx context.Context, folders app.Folders, files []string) error
	// Open opens the services; nil = app.New. Commands close what it returns.
	Open func(ctx context.Context, d app.Deps) (*app.App, error)
	// Bench are benchmarks that need rooms which the command line may not enter, by name.
	Bench map[string]func(ctx context.Context) ([]backend.Figure, error)
}

// grammar is what can be typed. Kong reads the tags.
type grammar struct {
	Data string `placeholder:"DIR" help:"Keep everything in this one folder instead of the usual ones (also LOAM_DATA)."`

	Window  windowCommand  `cmd:"" default:"withargs" hidden:"" help:"Open the window; FILEs are taken as if they were dropped on it."`
	Chat    chatCommand    `cmd:"" help:"Ask a model and print its answer."`
	Image   imageCommand   `cmd:"" help:"Draw a picture and print where it is."`
	Models  modelsCommand  `cmd:"" help:"List, add, show and remove models."`
	Pull    pullCommand    `cmd:"" help:"Download a model from Hugging Face; the same line goes on after an interruption."`
	Export  exportCommand  `cmd:"" help:"Write chats to a file: one, or all."`
	Import  importCommand  `cmd:"" help:"Take in chats: an export of Loam, ChatGPT, LM Studio or Open WebUI."`
	Doctor  doctorCommand  `cmd:"" help:"Say what the machine is, what Loam uses of it, and what is wrong."`
	Bom     bomCommand     `cmd:"" help:"Write the bill of materials: installed models and parts of the program, as CycloneDX 1.6 JSON."`
	Bench   benchCommand   `cmd:"" help:"Measure this machine and this build."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

// session is what every command works with.
type session struct {
	Deps
	ctx     context.Context // ends at Ctrl-C
	folders app.Folders
	engine  string // the chat engine that a command insists on; "" = each model's own
}

// exit is thrown by kong's help.
type exit int

// Run does what args (without the program's name) ask for and returns the exit code. ctx ends when the person
// interrupts: a reply that is being written is stopped and what there is of it is printed.
func Run(ctx context.Context, args []string, d Deps) (code int) {
	defer func() {
		if thrown := recover(); thrown != nil {
			e, ok := thrown.(exit)
			if !ok {
				panic(thrown)
			}
			code = int(e)
		}
	}()
	var g grammar
	parser, err := kong.New(&g,
		kong.Name("loam"),
		kong.Description("Loam runs open language models on this machine. Nothing leaves it. Without a command it opens its window."),
		kong.Writers(d.Stdout, d.Stderr), kong.Exit(func(code int) { panic(exit(code)) }), kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: false}))
	if err != nil {
		return d.fail(fmt.Errorf("read the command line: %w", err))
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(d.Stderr, "loam: %s; loam --help shows what can be typed\n", strings.TrimSuffix(err.Error(), "."))
		return exitUsage
	}
	folders, err := app.DefaultFolders(g.Data)
	if err != nil {
		return d.fail(err)
	}
	return d.fail(parsed.Run(&session{Deps: d, ctx: ctx, folders: folders}))
}

// coded is an error that ends the program with a code of its own. Without words nothing is printed.
type coded struct {
	code  int
	words string
}

func (e *coded) Error() string { return e.words }

// ErrNoScreen is for a window that has nowhere to open.
var ErrNoScreen error = &coded{exitFailed, "There is no screen to open a window on. Use a command instead: loam --help lists them."}

// fail prints what an error means on one line and returns the exit code; 0 without an error.
func (d Deps) fail(err error) int {
	if err == nil {
		return exitOK
	}
	if c, ok := errors.AsType[*coded](err); ok {
		if c.words != "" {
			fmt.Fprintln(d.Stderr, "loam: "+c.words)
		}
		return c.code
	}
	text, _ := words.Sentence(err)
	fmt.Fprintln(d.Stderr, "loam: "+text)
	return exitFailed
}

// open opens the services for a command, calls f and closes them.
func (s *session) open(f func(a *app.App) error) (err error) {
	logger := slog.New(slog.DiscardHandler)
	if log, closer, err := app.OpenLog(s.folders.Logs, slog.LevelInfo); err == nil { // without a log where there can be none
		logger = log
		defer closer.Close()
	}
	begin := s.Open
	if begin == nil {
		begin = app.New
	}
	a, err := begin(s.ctx, app.Deps{Folders: s.folders, Logger: logger, Version: s.Version, Commit: s.Commit, Engine: s.engine, Catalogue: s.Catalogue})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close(context.WithoutCancel(s.ctx))) }()
	return f(a)
}

// print writes v as indented JSON with a final newline.
func (s *session) print(v any) error {
	e := json.NewEncoder(s.Stdout)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}

type windowCommand struct {
	Files []string `arg:"" optional:"" name:"FILE" help:"Files to hand to the window."`
}

// Run opens the window. A lone word that is no file was meant as a command.
func (c *windowCommand) Run(s *session) error {
	for _, file := range c.Files {
		if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
			return &coded{exitUsage, fmt.Sprintf("There is neither a command nor a file %q. loam --help shows what can be typed.", file)}
		}
	}
	return s.Window(s.ctx, s.folders, c.Files)
}

type versionCommand struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// Run prints the version.
func (c *versionCommand) Run(s *session) error {
	if c.JSON {
		return s.print(map[string]string{
			"version": s.Version, "commit": s.Commit, "go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH,
		})
	}
	_, err := fmt.Fprintf(s.Stdout, "loam %s (%s, %s, %s/%s)\n", s.Version, s.Commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
