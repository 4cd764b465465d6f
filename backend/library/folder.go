package library

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"loam/backend"
	"loam/backend/modelfile"
)

// Limits of adding a folder: someone may drop a home folder.
const (
	maxFolderDepth   = 6
	maxFolderEntries = 50_000
	maxFolderModels  = 500
)

// Folder is what came of adding a folder.
type Folder struct {
	Models  []backend.Model
	Refused []error // *backend.BadFile, one per model file that could not be taken in
	More    bool    // there was more than is looked at in one go
}

// AddFolder takes in the model files of a folder and of the folders in it.
func (l *Library) AddFolder(ctx context.Context, dir string, o AddOptions) (Folder, error) {
	if whole, ok := modelfile.IdentifyFolder(dir); ok {
		return Folder{}, &backend.BadFile{Path: dir, Reason: whole.Reason}
	}
	files, more, err := modelFiles(ctx, dir)
	if err != nil {
		return Folder{}, err
	}
	result := Folder{More: more}
	o.Name, o.SHA256, o.Starter = "", "", false
	for _, file := range files {
		m, err := l.Add(ctx, file, o)
		var bad *backend.BadFile
		switch {
		case err == nil:
			if !slices.ContainsFunc(result.Models, func(have backend.Model) bool { return have.ID == m.ID }) {
				result.Models = append(result.Models, m)
			}
		case errors.As(err, &bad):
			result.Refused = append(result.Refused, bad)
		default:
			return result, err
		}
	}
	return result, nil
}

func emptyFolder(dir string, refused int) error {
	if refused > 0 {
		return &backend.BadFile{Path: dir, Reason: fmt.Sprintf("none of the %d model files in this folder can be used", refused)}
	}
	if _, err := os.ReadDir(dir); errors.Is(err, fs.ErrPermission) {
		return &backend.BadFile{Path: dir, Reason: "you have no permission to look into this folder"}
	}
	return &backend.BadFile{Path: dir, Reason: "there is no model file (GGUF or safetensors) in this folder"}
}

// modelFiles lists the files of a folder that are named like models, later parts of split files left out. Hidden folders
// and links to folders are not entered; what cannot be read is passed over.
func modelFiles(ctx context.Context, dir string) (files []string, more bool, err error) {
	entries := 0
	err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			if e != nil && e.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if entries++; entries > maxFolderEntries || len(files) >= maxFolderModels {
			more = true
			return fs.SkipAll
		}
		name := e.Name()
		switch {
		case e.IsDir() && path != dir && strings.HasPrefix(name, "."):
			return fs.SkipDir
		case e.IsDir():
			if rel, err := filepath.Rel(dir, path); err == nil && strings.Count(rel, string(filepath.Separator)) >= maxFolderDepth {
				more = true
				return fs.SkipDir
			}
		case modelName(name):
			if parts := modelfile.PartsByName(path); parts == nil || parts[0] == path {
				files = append(files, path)
			}
		}
		return nil
	})
	return files, more, err
}

func modelName(name string) bool {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".gguf", ".safetensors", ".sft":
		return !strings.HasPrefix(name, ".")
	}
	return false
}
