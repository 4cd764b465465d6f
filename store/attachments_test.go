package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/store/storetest"
)

func TestAttachmentsLiveWithTheirMessagesAndDrafts(t *testing.T) {
	s, ctx := storetest.New(t), t.Context()
	c, err := s.CreateChat(ctx, backend.Chat{})
	if err != nil {
		t.Fatal(err)
	}
	files := []backend.Attachment{
		{Name: "Résumé 2024.pdf", Kind: backend.AttachPDF, Size: 7, SHA256: "a", Text: "b", Pages: 3, Partly: true, Passages: []backend.Passage{{Start: 1, End: 5, Page: 2, From: 1, To: 2}}},
		{Name: "notes.txt", Kind: backend.AttachText, Size: 2, SHA256: "c", Text: "c"},
	}
	draft := backend.Draft{ChatID: c.ID, Text: "so far", Attachments: files[1:]}
	if err := s.SaveDraft(ctx, draft); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Draft(ctx, c.ID); err != nil || !cmp.Equal(draft, got) {
		t.Error(cmp.Diff(draft, got), err)
	}
	m, err := s.AddMessage(ctx, backend.Message{ChatID: c.ID, Role: backend.RoleUser, Text: "read it", Attachments: files})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(files, m.Attachments); diff != "" {
		t.Error(diff)
	}
	path, err := s.Path(ctx, c.ID)
	if err != nil || len(path) != 1 || !cmp.Equal(files, path[0].Attachments) {
		t.Error(path, err)
	}
	for query, want := range map[string]int{"resume": 1, "2024": 1, "note": 1, "absent": 0, "read": 0} {
		hits, err := s.SearchFiles(ctx, query, 5)
		if err != nil || len(hits) != want {
			t.Errorf("%q finds %v, %v", query, hits, err)
		}
		for _, h := range hits {
			if h.Message.ID != m.ID || h.Snippet != h.File.Name || len(h.Marks) != 1 || h.Place != nil {
				t.Errorf("%q finds %+v", query, h)
			}
		}
	}
	want := map[string]bool{"a": true, "b": true, "c": true, "": true}
	if got, err := s.AttachedSums(ctx); err != nil || !cmp.Equal(want, got) {
		t.Error(cmp.Diff(want, got), err)
	}
	if err := s.TrashChat(ctx, c.ID); err != nil {
		t.Fatal(err)
	}
	if got, err := s.AttachedSums(ctx); err != nil || !got["a"] {
		t.Error("what is in the trash lost its files", err)
	}
	if _, err := s.PurgeTrash(ctx, m.Created.AddDate(1, 0, 0)); err != nil {
		t.Fatal(err)
	}
	if got, err := s.AttachedSums(ctx); err != nil || len(got) != 0 {
		t.Error(got, err)
	}
	if err := s.IntegrityCheck(ctx); err != nil {
		t.Error(err)
	}
}
