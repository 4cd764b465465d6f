package store_test

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"loam/backend"
	"loam/store"
)

func TestADownloadIsKept(t *testing.T) {
	s, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "loam.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx := t.Context()
	want := backend.DownloadWant{
		Name: "Small", Kind: backend.KindChat, Repo: "owner/small", Commit: "abc", License: "mit", Source: "example.org/owner/small",
		Files: []backend.DownloadFile{{Path: "a.gguf", SizeBytes: 10, SHA256: "ff"}, {Path: "b.json", SizeBytes: 2, GitSHA1: "00"}},
	}
	d, err := s.AddDownload(ctx, backend.Download{Want: want})
	if err != nil || d.State != backend.DownloadWaiting || d.Want.SizeBytes() != 12 {
		t.Fatalf("%+v, %v", d, err)
	}
	d.State, d.DoneBytes, d.Error, d.Want.Files[0].Verified = backend.DownloadFailed, 7, "the line broke", true
	if err := s.UpdateDownload(ctx, d); err != nil {
		t.Fatal(err)
	}
	got, err := s.Download(ctx, d.ID)
	if diff := cmp.Diff(d, got, cmpopts.IgnoreFields(backend.Download{}, "Updated")); diff != "" || err != nil {
		t.Errorf("%v %s", err, diff)
	}
	if err := s.ForgetDownload(ctx, d.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Download(ctx, d.ID); !errors.Is(err, backend.ErrNotFound) {
		t.Errorf("error %v", err)
	}
}

func TestDownloadsKeepTheirOrder(t *testing.T) {
	s, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "loam.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx := t.Context()
	for _, name := range []string{"a", "b", "c", "d"} {
		if _, err := s.AddDownload(ctx, backend.Download{Want: backend.DownloadWant{Name: name}}); err != nil {
			t.Fatal(err)
		}
	}
	names := func() (names []string) {
		list, err := s.Downloads(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range list {
			names = append(names, d.Want.Name)
		}
		return names
	}
	if diff := cmp.Diff([]string{"a", "b", "c", "d"}, names()); diff != "" {
		t.Error(diff)
	}
	if err := s.OrderDownloads(ctx, 3, 1); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"c", "a", "b", "d"}, names()); diff != "" {
		t.Error(diff)
	}
	if err := s.OrderDownloads(ctx, 4); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"d", "c", "a", "b"}, names()); diff != "" {
		t.Error(diff)
	}
	if err := s.OrderDownloads(ctx, 99); !errors.Is(err, backend.ErrNotFound) {
		t.Errorf("error %v", err)
	}
	if diff := cmp.Diff([]string{"d", "c", "a", "b"}, names()); diff != "" {
		t.Error(diff)
	}
}
