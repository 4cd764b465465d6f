package rules

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRoomsImportOnlyThroughTheirDoors(t *testing.T) {
	for _, tags := range []string{Native, NoNative} {
		t.Run(tags, func(t *testing.T) {
			packages := listed(t, tags)
			if len(packages) < 10 {
				t.Fatalf("go list found %d packages; the rule would look at nothing", len(packages))
			}
			for _, p := range packages {
				room, _ := Room(p.ImportPath)
				door, ok := DoorOf(room)
				if !ok {
					t.Errorf("no door names %s: add it to doors.go and to .golangci.yml", p.ImportPath)
					continue
				}
				if TestAid(room) {
					continue
				}
				for _, path := range p.Imports {
					if why := door.Refused(room, path); why != "" {
						t.Errorf("%s imports %s: %s", p.ImportPath, path, why)
					}
				}
			}
		})
	}
}

func TestServicesReachNeitherEngineNorWindowToolkit(t *testing.T) {
	root := sourceTree(t)
	for _, p := range listed(t, Native) {
		room, _ := Room(p.ImportPath)
		if !Under(room, "assets/...", "backend/...", "store/...", "ui/...") || Under(room, "backend/runner/...") {
			continue
		}
		for _, path := range p.Deps {
			other, ours := Room(path)
			if Under(path, Reached...) || ours && Under(other, "backend/runner/...") && !TestAid(room) {
				t.Errorf("%s reaches %s: %s", p.ImportPath, path, chain(t, root, p.ImportPath, path))
			}
		}
	}
}

// TestRunnerReachesTheEngine keeps the rule above honest: were the engine's module renamed, it would guard nothing.
func TestRunnerReachesTheEngine(t *testing.T) {
	reached := slices.ContainsFunc(listed(t, Native), func(p ListedPackage) bool {
		return p.ImportPath == Module+"/backend/runner/llama" && slices.ContainsFunc(p.Deps, func(path string) bool { return Under(path, Reached...) })
	})
	if !reached {
		t.Errorf("backend/runner/llama reaches none of %s", strings.Join(Reached, ", "))
	}
}

func TestNoNativeTagLeavesTheEngineOut(t *testing.T) {
	for _, p := range listed(t, NoNative) {
		for _, path := range p.Deps {
			if Under(path, "github.com/ollama/ollama/...", "github.com/seasonjs/stable-diffusion/...") {
				t.Errorf("%s reaches %s with the tag nonative: its file needs //go:build !nonative", p.ImportPath, path)
			}
		}
	}
}

func TestDoorsRefuseAndAllow(t *testing.T) {
	for _, c := range []struct {
		room, path string
		refused    bool
	}{
		{"backend", "loam/backend/event", true},
		{"backend/chat", "loam/backend/engine", false},
		{"backend/chat", "loam/backend/runner/llama", true},
		{"backend/chat", "loam/backend/library", true},
		{"backend/chat", "fyne.io/fyne/v2", true},
		{"backend/chat", "database/sql", true},
		{"store", "database/sql", false},
		{"store/storetest", "loam/store", false},
		{"ui", "fyne.io/fyne/v2/widget", false},
		{"ui", "loam/store", true},
		{"ui/markdown", "fyne.io/fyne/v2", true},
		{"", "loam/backend/runner/llama", false},
		{"backend/runner/llama", "loam/backend/runner", false},
		{"backend/runner", "github.com/ollama/ollama/llama", false},
		{"backend/worker", "github.com/ollama/ollama/llama", true},
	} {
		door, ok := DoorOf(c.room)
		if !ok {
			t.Errorf("no door for %s", c.room)
			continue
		}
		if diff := cmp.Diff(c.refused, door.Refused(c.room, c.path) != ""); diff != "" {
			t.Errorf("%s imports %s, refused (-want +got):\n%s", c.room, c.path, diff)
		}
	}
}

// chain names one way from a package to what it must not reach, since the offender is rarely the package itself.
func chain(t *testing.T, root, from, to string) string {
	t.Helper()
	packages, err := List(t.Context(), root, Native, "-deps", from)
	if err != nil {
		return fmt.Sprintf("(no chain: %v)", err)
	}
	imports := make(map[string][]string, len(packages))
	for _, p := range packages {
		imports[p.ImportPath] = p.Imports
	}
	before := map[string]string{from: ""}
	for queue := []string{from}; len(queue) > 0; queue = queue[1:] {
		if queue[0] == to {
			break
		}
		for _, next := range imports[queue[0]] {
			if _, seen := before[next]; !seen {
				before[next] = queue[0]
				queue = append(queue, next)
			}
		}
	}
	var way []string
	for at := to; at != ""; at = before[at] {
		way = append(way, at)
	}
	slices.Reverse(way)
	return strings.Join(way, " -> ")
}

// lists are all packages of the tree with the tags of a key: go list takes a second, and every rule asks.
var lists = map[string]func() ([]ListedPackage, error){Native: listOnce(Native), NoNative: listOnce(NoNative)}

func listOnce(tags string) func() ([]ListedPackage, error) {
	return sync.OnceValues(func() ([]ListedPackage, error) {
		root, err := Root()
		if err != nil {
			return nil, err
		}
		return List(context.Background(), root, tags, "./...")
	})
}

func listed(t *testing.T, tags string) []ListedPackage {
	t.Helper()
	packages, err := lists[tags]()
	if err != nil {
		t.Fatal(err)
	}
	return packages
}

// sourceTree returns the root of the tree that the rules look at.
func sourceTree(t *testing.T) string {
	t.Helper()
	root, err := Root()
	if err != nil {
		t.Fatal(err)
	}
	return root
}
