package app

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// EnvLib is the variable that names the folder of the installed libraries, where they do not lie beside the program.
const EnvLib = "LOAM_LIB"

// FindLib returns the folder of the installed libraries (lib/loam) of a program file, "" = this one: lib/loam beside the
// program, lib/loam beside its folder, or $LOAM_LIB. It returns "" when there is none.
func FindLib(exe string) string {
	if exe == "" {
		exe, _ = os.Executable() // "" again where that is not known
	}
	var places []string
	if exe != "" {
		if real, err := filepath.EvalSymlinks(exe); err == nil {
			exe = real
		}
		dir := filepath.Dir(exe)
		places = append(places, filepath.Join(dir, "lib", "loam"), filepath.Join(filepath.Dir(dir), "lib", "loam"))
	}
	if dir := os.Getenv(EnvLib); dir != "" {
		places = append(places, dir)
	}
	for _, dir := range places {
		if isFolder(dir) {
			return dir
		}
	}
	return ""
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// pluginDir is the folder of the embedded engine's CPU and GPU plug-ins; "" = there is none, and the slow built-in code
// computes.
func pluginDir(lib string) string {
	if dir := filepath.Join(lib, "chat"); lib != "" && isFolder(dir) {
		return dir
	}
	return ""
}

// The folders of an installation's models, each with a starter.json.
const (
	chatStarter    = "starter"
	pictureStarter = "starter-picture"
)

// starter is a model that comes with the installation.
type starter struct {
	Name    string   `json:"name"`
	File    string   `json:"file"`
	Parts   []string `json:"parts"` // further files that it needs, of a picture model
	License string   `json:"license"`
	Source  string   `json:"source"`

	path  string
	parts []string
}

// readStarter reads the starter.json in a folder of an installation. os.ErrNotExist: it has no such starter.
func readStarter(lib, folder string) (starter, error) {
	if lib == "" {
		return starter{}, os.ErrNotExist
	}
	dir := filepath.Join(lib, folder)
	b, err := os.ReadFile(filepath.Join(dir, "starter.json"))
	if err != nil {
		return starter{}, fmt.Errorf("read the starter model's description: %w", err)
	}
	var s starter
	if err := json.Unmarshal(b, &s); err != nil {
		return s, fmt.Errorf("read the starter model's description: %w", err)
	}
	for _, file := range append([]string{s.File}, s.Parts...) {
		if !filepath.IsLocal(file) {
			return s, errors.New("read the starter model's description: it names no file beside it")
		}
		s.parts = append(s.parts, filepath.Join(dir, file))
	}
	s.path, s.parts = s.parts[0], s.parts[1:]
	return s, nil
}
