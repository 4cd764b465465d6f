package outbound

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/zalando/go-keyring"
)

// keyringLimit is how long the system's keyring may take: it may be asking the person to unlock it.
const keyringLimit = time.Minute

// keyringService is under which name Loam's secrets lie in the keyring.
const keyringService = "loam"

// Secrets keeps secrets of a person; Keyring is one.
type Secrets interface {
	Get(ctx context.Context, name string) (string, error) // "" = there is none
	Set(ctx context.Context, name, secret string) error   // "" removes it
}

// Keyring is the system's own store of secrets: Secret Service, Keychain or Credential Manager. Its errors say that there
// is none, or that it is locked.
type Keyring struct{}

// Get implements Secrets.
func (Keyring) Get(ctx context.Context, name string) (string, error) {
	var secret string
	err := inTime(ctx, func() (err error) {
		secret, err = keyring.Get(keyringService, name)
		return err
	})
	switch {
	case errors.Is(err, keyring.ErrNotFound):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("read the system's keyring: %w", err)
	}
	return strings.TrimSpace(secret), nil
}

// Set implements Secrets.
func (Keyring) Set(ctx context.Context, name, secret string) error {
	err := inTime(ctx, func() error {
		if secret == "" {
			return keyring.Delete(keyringService, name)
		}
		return keyring.Set(keyringService, name, secret)
	})
	if errors.Is(err, keyring.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("write the system's keyring: %w", err)
	}
	return nil
}

// inTime runs f, which knows no context, and stops waiting for it when the time is over. f then ends by itself later.
func inTime(ctx context.Context, f func() error) error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	t := time.NewTimer(keyringLimit)
	defer t.Stop()
	select {
	case err := <-done:
		return err
	case <-t.C:
		return errors.New("it did not answer")
	case <-ctx.Done():
		return ctx.Err()
	}
}
