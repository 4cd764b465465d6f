package studio

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/imagemeta"
)

// Path is where the file of a picture lies.
func (s *Service) Path(p backend.Picture) string { return filepath.Join(s.d.Dir, p.SHA256+".png") }

// SaveCopy writes the file of a picture, with the settings in it, to a path of the person's choice. Whatever goes wrong,
// there is a whole copy there or what was there before.
func (s *Service) SaveCopy(p backend.Picture, path string) error {
	f, err := os.Open(s.Path(p))
	if err != nil {
		return fmt.Errorf("save picture: %w", err)
	}
	defer f.Close()
	if err := writeDurably(path, f, 0o644); err != nil {
		return fmt.Errorf("save picture: %w", err)
	}
	return nil
}

// picture is an RGB picture as image/png wants it.
func picture(p engine.Pixels) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, p.Width, p.Height))
	for i, n := 0, p.Width*p.Height; i < n; i++ {
		copy(img.Pix[4*i:], p.Data[3*i:3*i+3])
		img.Pix[4*i+3] = 255
	}
	return img
}

// keep writes the picture's file and records it.
func (s *Service) keep(ctx context.Context, job int64, res engine.PictureResult, rec *imagemeta.Receipt) (backend.Picture, error) {
	rec.Job = job
	var b bytes.Buffer
	if err := imagemeta.EncodePNG(&b, picture(res.Pixels), rec); err != nil {
		return backend.Picture{}, err
	}
	sum := sha256.Sum256(b.Bytes())
	name := hex.EncodeToString(sum[:])
	if err := writeDurably(filepath.Join(s.d.Dir, name+".png"), &b, 0o600); err != nil {
		return backend.Picture{}, fmt.Errorf("save picture: %w", err)
	}
	return s.record(ctx, job, name, rec)
}

// record adds the row of a picture whose file is in place.
func (s *Service) record(ctx context.Context, job int64, name string, rec *imagemeta.Receipt) (backend.Picture, error) {
	settings, err := json.Marshal(rec)
	if err != nil {
		return backend.Picture{}, err
	}
	parent, _ := s.parent(ctx, rec.MadeFrom) // ID 0 where it is gone
	return s.d.Store.AddPicture(ctx, backend.Picture{
		JobID: job, MadeFrom: parent.ID, SHA256: name, Width: rec.Settings.Width, Height: rec.Settings.Height, Seed: rec.Settings.Seed,
		Prompt: rec.Settings.Prompt, Settings: settings, Created: rec.Created,
	})
}

// writeDurably writes a file so that after a crash it is whole or not there: temporary file, flush, rename, flush of
// the folder.
func writeDurably(path string, data io.Reader, mode fs.FileMode) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".drawing-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) //nolint:errcheck // after the rename there is nothing to remove
	if _, err = io.Copy(f, data); err == nil {
		err = errors.Join(f.Chmod(mode), f.Sync())
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	if d, err := os.Open(dir); err == nil { // not every system can flush a folder
		_ = d.Sync()
		_ = d.Close()
	}
	return nil
}

// Recover records pictures whose file was finished when the program died before their row was, ends their jobs, and
// removes what half-written files were left. It is called once at start, before anything is drawn.
func (s *Service) Recover(ctx context.Context) (found int, err error) {
	entries, err := os.ReadDir(s.d.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	} else if err != nil {
		return 0, fmt.Errorf("look for pictures: %w", err)
	}
	if _, err := s.d.Store.MarkJobsInterrupted(ctx, s.d.Alive); err != nil {
		return 0, fmt.Errorf("look for pictures: %w", err)
	}
	known := map[string]bool{}
	all, err := s.d.Store.Pictures(ctx, 0, 0)
	if err != nil {
		return 0, err
	}
	for _, p := range all {
		known[p.SHA256] = true
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".drawing-") {
			_ = os.Remove(filepath.Join(s.d.Dir, e.Name()))
			continue
		}
		name, isPNG := strings.CutSuffix(e.Name(), ".png")
		if !isPNG || len(name) != 64 || known[name] || !e.Type().IsRegular() {
			continue
		}
		rec, err := readReceipt(filepath.Join(s.d.Dir, e.Name()))
		if err != nil || rec == nil {
			continue // not ours
		}
		job, err := s.d.Store.Job(ctx, rec.Job)
		if err != nil || job.State == backend.JobDone || job.State == backend.JobRunning {
			continue // deleted on purpose, another folder's, or in the hands of a program beside this one
		}
		p, err := s.record(ctx, rec.Job, name, rec)
		if err != nil {
			return found, err
		}
		if err := s.finish(ctx, rec.Job, backend.JobDone, "", p.ID); err != nil {
			return found, err
		}
		found++
	}
	return found, nil
}

func readReceipt(path string) (*imagemeta.Receipt, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m, err := imagemeta.ReadPNG(io.LimitReader(f, 1<<30))
	return m.Receipt, err
}
