package chat

import (
	"context"

	"loam/backend/attach"
	"loam/store"
)

// Hit is a message that was found, or a file of it.
type Hit = store.Hit

// Search finds messages by their words, the newest first.
func (s *Service) Search(ctx context.Context, query string, limit int) ([]Hit, error) {
	return s.store.SearchMessages(ctx, query, limit)
}

// fileSearch is what a store can do that finds what attached files say.
type fileSearch interface {
	SearchFiles(ctx context.Context, query string, limit int) ([]store.Hit, error)
	UnindexedTexts(ctx context.Context, limit int) ([]store.UnindexedText, error)
	IndexText(ctx context.Context, sha256 string, parts []store.AttachedPart) error
}

// SearchFiles finds messages by the names and the words of their files.
func (s *Service) SearchFiles(ctx context.Context, query string, limit int) ([]Hit, error) {
	if in, ok := s.store.(fileSearch); ok {
		return in.SearchFiles(ctx, query, limit)
	}
	return nil, nil
}

// IndexSoon has SearchFiles find what was attached since, in a goroutine of the service: a long file takes a second. What is
// left when the program ends is done when it is called again.
func (s *Service) IndexSoon() {
	in, ok := s.store.(fileSearch)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !ok || s.files == nil || s.closing {
		return
	}
	if s.indexing {
		s.indexAgain = true
		return
	}
	s.indexing = true
	s.owned.Go(func() {
		for again := true; again; {
			if err := s.indexFiles(s.base, in); err != nil && s.base.Err() == nil {
				s.log.Warn("Attached files cannot be searched", "error", err)
			}
			s.mu.Lock()
			again = s.indexAgain && s.base.Err() == nil
			s.indexAgain, s.indexing = false, again
			s.mu.Unlock()
		}
	})
}

// indexFiles indexes the texts that wait for it, one after the other.
func (s *Service) indexFiles(ctx context.Context, in fileSearch) error {
	list, err := in.UnindexedTexts(ctx, 0)
	if err != nil {
		return err
	}
	for _, wanted := range list {
		var parts []store.AttachedPart
		if data, err := s.files.Get(wanted.SHA256); err == nil { // one that is gone says nothing
			text := string(data)
			for _, p := range attach.Parts(wanted.Kind, text) {
				parts = append(parts, store.AttachedPart{Place: p, Text: text[p.Start:p.End]})
			}
		}
		if err := in.IndexText(ctx, wanted.SHA256, parts); err != nil {
			return err
		}
	}
	return nil
}

// ShowMessage shows the branch on which a message is, with the newest of what follows it. Where it is shown already nothing
// changes.
func (s *Service) ShowMessage(ctx context.Context, messageID int64) error {
	m, err := s.store.Message(ctx, messageID)
	if err != nil {
		return err
	}
	path, err := s.store.Path(ctx, m.ChatID)
	if err != nil {
		return err
	}
	for _, shown := range path {
		if shown.ID == m.ID {
			return nil
		}
	}
	leaf, err := s.store.LeafBelow(ctx, m.ID)
	if err != nil {
		return err
	}
	if err := s.store.SetLeaf(ctx, m.ChatID, leaf); err != nil {
		return err
	}
	s.changed(m.ChatID)
	return nil
}
