package rules

import "strings"

// Door is what one group of rooms may import directly of our own rooms and of the libraries that are somebody's alone.
type Door struct {
	Rooms  []string // whose imports are looked at; a trailing /... means all below
	May    []string // rooms of ours they may import, beside those of the same /... of Rooms
	Extern []string // guarded libraries they may import
	Reason string   // why the door is no wider
}

// Doors lists every room; a package that no door names fails, so that a new room needs a line here first. The first door that
// names a room counts.
var Doors = []Door{
	{[]string{""}, []string{"..."}, []string{"fyne.io/fyne/v2/..."}, "main wires everything"},
	{[]string{"assets"}, nil, nil, "assets holds files only"},
	{[]string{"backend"}, nil, nil, "the nouns know no room"},
	{
		[]string{"backend/event", "backend/wire/...", "backend/modelfile/...", "backend/imagemeta/...", "backend/raster/...", "backend/attach/...", "backend/markup", "backend/license", "backend/catalogue", "backend/bill"},
		[]string{"backend", "backend/license"},
		nil, "a pure room knows the nouns only",
	},
	{[]string{"backend/prompt/..."}, []string{"backend", "backend/engine"}, nil, "prompt turns messages into an engine's request and back, no more"},
	{[]string{"backend/engine/..."}, []string{"backend", "backend/event"}, nil, "engine is an interface and knows neither drivers nor services"},
	{
		[]string{"store/..."},
		[]string{"backend"},
		[]string{"database/sql/...", "modernc.org/sqlite/...", "github.com/pressly/goose/v3/..."},
		"the store is the only SQL and knows the nouns",
	},
	{[]string{"backend/worker/..."}, []string{"backend", "backend/engine/...", "backend/wire"}, nil, "the parent's side of the pipe"},
	{
		[]string{"backend/runner/..."},
		[]string{"backend", "backend/engine/...", "backend/modelfile", "backend/wire"},
		[]string{"github.com/ollama/ollama/...", "github.com/seasonjs/stable-diffusion/..."},
		"the child holds one engine and nothing else",
	},
	{[]string{"backend/instance"}, []string{"backend"}, nil, "the lock of a folder needs no service"},
	{
		[]string{"backend/outbound"},
		nil,
		[]string{"net/http/...", "golang.org/x/net/http/...", "github.com/zalando/go-keyring/..."},
		"the one door to other machines knows no room",
	},
	{[]string{"backend/crash", "backend/session"}, nil, nil, "what concerns the process and the system alone knows no room"},
	{
		[]string{
			"backend/chat/...", "backend/fetch/...", "backend/hardware/...", "backend/hub/...", "backend/library/...", "backend/meaning/...",
			"backend/residency/...", "backend/studio/...", "backend/template/...", "backend/transfer/...",
		},
		[]string{
			"backend", "backend/catalogue", "backend/engine/...", "backend/event", "backend/imagemeta", "backend/license", "backend/modelfile/...", "backend/outbound",
			"backend/prompt/...", "backend/raster", "backend/attach", "backend/markup",
			"backend/wire", "backend/worker", "store",
		},
		nil, "services meet each other through interfaces that app wires",
	},
	{[]string{"backend/app/..."}, []string{"backend/...", "store"}, nil, "app wires the backend; the engines live in another process"},
	{[]string{"ui/markdown"}, []string{"backend/markup"}, nil, "pure work on texts is tested without a window"},
	{[]string{"ui/textflow", "ui/brush"}, nil, nil, "pure work on texts and masks is tested without a window"},
	{
		[]string{"ui/cli/..."},
		[]string{
			"backend", "backend/app", "backend/attach", "backend/catalogue", "backend/chat", "backend/engine", "backend/event", "backend/fetch", "backend/hardware",
			"backend/hub", "backend/imagemeta", "backend/library", "backend/license", "backend/meaning", "backend/outbound", "backend/prompt", "backend/residency", "backend/studio",
			"backend/transfer", "ui/words",
		},
		nil, "the command line starts without a window",
	},
	{
		[]string{"ui/..."},
		[]string{
			"backend", "backend/app", "backend/attach", "backend/catalogue", "backend/chat", "backend/crash", "backend/engine", "backend/event", "backend/fetch",
			"backend/hardware", "backend/hub", "backend/imagemeta", "backend/library", "backend/license", "backend/meaning", "backend/outbound", "backend/prompt", "backend/residency",
			"backend/session", "backend/studio", "backend/transfer", "ui/...",
		},
		[]string{"fyne.io/fyne/v2/..."},
		"the window asks the services, never the store or an engine",
	},
	{[]string{"packaging/..."}, []string{"..."}, []string{"fyne.io/fyne/v2/..."}, "tools of the build"},
}

// Guarded lists the libraries that only a door with them in Extern may import directly.
var Guarded = []string{
	"database/sql/...", "modernc.org/sqlite/...", "github.com/pressly/goose/v3/...",
	"fyne.io/fyne/v2/...", "github.com/ollama/ollama/...", "github.com/seasonjs/stable-diffusion/...",
	"net/http/...", "net/rpc/...", "net/smtp/...", "crypto/tls/...", "golang.org/x/net/http/...", "golang.org/x/net/http2/...",
	"golang.org/x/net/websocket/...", "golang.org/x/net/proxy/...", "github.com/zalando/go-keyring/...",
}

// Reached is what the rooms must not reach through any chain of imports: the engines and the half of the toolkit that is cgo.
var Reached = []string{
	"fyne.io/fyne/v2/app/...", "fyne.io/fyne/v2/internal/driver/glfw/...", "github.com/go-gl/...",
	"github.com/ollama/ollama/...", "github.com/seasonjs/stable-diffusion/...",
}

// DoorOf returns the door of a room, or false where no door names it.
func DoorOf(room string) (Door, bool) {
	for _, d := range Doors {
		if Under(room, d.Rooms...) {
			return d, true
		}
	}
	return Door{}, false
}

// Refused returns why the room behind the door may not import the path, or "" where it may.
func (d Door) Refused(room, importPath string) string {
	if other, ours := Room(importPath); ours {
		for _, r := range d.Rooms {
			if strings.HasSuffix(r, "/...") && Under(room, r) && Under(other, r) {
				return ""
			}
		}
		if Under(other, d.May...) {
			return ""
		}
		return d.Reason
	}
	if Under(importPath, Guarded...) && !Under(importPath, d.Extern...) {
		return d.Reason
	}
	return ""
}

// TestAid reports whether a room serves tests only, such as store/storetest and engine/enginetest: it stands on both sides of
// a door, as a test does.
func TestAid(room string) bool {
	return strings.HasSuffix(room, "test")
}
