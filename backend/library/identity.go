package library

import (
	"context"
	"io/fs"
	"os"

	"loam/backend"
)

// identity tells a file from another one of the same size and time, where the system says such things. A file that is renamed
// over another brings its own number and time of change, and writing to a file sets the latter, whatever is done to its
// time of modification afterwards.
type identity struct {
	Device  uint64 `json:"device"` // changes when a disk is plugged in again, and the numbers of some with it
	Number  uint64 `json:"number"`
	Changed int64  `json:"changed"` // ns: contents, name, links or rights
}

// same says whether both are one file that was not written to in between.
func (i identity) same(j identity) bool {
	return i.Changed == j.Changed && (i.Device != j.Device || i.Number == j.Number)
}

// identities are those of a model's files, kept beside its row.
type identities struct {
	Path  string     `json:"path"`
	Stamp stamp      `json:"stamp"`
	Parts []identity `json:"parts"`
}

// maxIdentities bounds the parts of a set that are kept.
const maxIdentities = 64

// identify looks at the files of a model; ok is false where the system does not tell.
func identify(m backend.Model, parts []string) (now identities, ok bool) {
	now = identities{Path: m.Path, Stamp: stampOf(m)}
	for _, p := range parts[:min(len(parts), maxIdentities)] {
		info, err := os.Stat(p)
		if err != nil {
			return now, false
		}
		i, ok := identityOf(info)
		if !ok {
			return now, false
		}
		now.Parts = append(now.Parts, i)
	}
	return now, true
}

// replaced says whether the files of a model are others than when they were looked at first, though their sizes and times are the
// same. Such a doubt is cleared by its hash (resolveDoubt); a model without one is doubted only when it is another file.
func (l *Library) replaced(ctx context.Context, m backend.Model, parts []string) bool {
	now, ok := identify(m, parts)
	if !ok {
		return false
	}
	var was identities
	found, err := l.store.Setting(ctx, perModel(m.ID, "identity"), &was)
	if err != nil {
		l.log.Warn("What a model's file was cannot be read", "model", m.Name, "error", err)
		return false
	}
	if !found || was.Path != now.Path || was.Stamp != now.Stamp || len(was.Parts) != len(now.Parts) {
		l.remember(ctx, m, now)
		return false
	}
	touched := false
	for i, p := range now.Parts {
		if p.same(was.Parts[i]) {
			continue
		}
		if m.SHA256 != "" || p.Device == was.Parts[i].Device && p.Number != was.Parts[i].Number {
			return true
		}
		touched = true
	}
	if touched {
		l.remember(ctx, m, now)
	}
	return false
}

// settle takes the files of a model as they are now for what they were.
func (l *Library) settle(ctx context.Context, m backend.Model) {
	if now, ok := identify(m, partsOf(m)); ok {
		l.remember(ctx, m, now)
	}
}

func (l *Library) remember(ctx context.Context, m backend.Model, now identities) {
	if err := l.store.SetSetting(ctx, perModel(m.ID, "identity"), now); err != nil {
		l.log.Warn("What a model's file is cannot be kept", "model", m.Name, "error", err)
	}
}

// identityOf reads what the system says of a file.
func identityOf(info fs.FileInfo) (identity, bool) { return systemIdentity(info.Sys()) }
