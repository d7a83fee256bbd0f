package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/balie/balie/config"
	"github.com/balie/balie/store/boltstore"
)

type serveCmd struct {
	Config string `help:"The configuration file." default:"balie.yaml" type:"path" short:"c" env:"BALIE_CONFIG"`
	Listen string `help:"Address of HTTP; goes over the file's."`
}

// Run serves until SIGTERM or SIGINT; SIGHUP reads the configuration again.
func (c *serveCmd) Run(ctx context.Context) error {
	cfg, err := c.load()
	if err != nil {
		return err
	}
	log := newLog(cfg.Log)
	db, err := boltstore.Open(cfg.Data, boltstore.Options{MinFree: cfg.Limits.MinFree})
	if err != nil {
		return err
	}
	err = c.serve(ctx, cfg, db, log)
	if cerr := db.Close(); err == nil {
		err = cerr
	}
	return err
}

func (c *serveCmd) load() (config.Config, error) {
	cfg, err := config.Load(c.Config)
	if err != nil {
		return cfg, err
	}
	if c.Listen != "" {
		cfg.Listen = c.Listen
	}
	return cfg, cfg.CheckSecrets()
}

// errReload ends a run so that the next one has the new configuration.
var errReload = errors.New("configuration read again")

// serve runs one app after the other: a new one for each SIGHUP whose
// configuration holds.
func (c *serveCmd) serve(ctx context.Context, cfg config.Config, db *boltstore.DB, log *slog.Logger) error {
	began := time.Now()
	for {
		a, err := newApp(ctx, cfg, db, documentsBeside(filepath.Dir(c.Config)), log)
		if err != nil {
			return err
		}
		ln, err := net.Listen("tcp", cfg.Listen)
		if err != nil {
			return fmt.Errorf("listen on %s: %w", cfg.Listen, err)
		}
		log.Info("ready", "listen", ln.Addr().String(), "took", time.Since(began).Round(time.Millisecond), "version", version())
		next, err := c.until(ctx, a, ln, log)
		if !errors.Is(err, errReload) {
			return err
		}
		cfg, began = next, time.Now()
	}
}

// until runs an app to its end; errReload comes with the next configuration.
func (c *serveCmd) until(ctx context.Context, a *app, ln net.Listener, log *slog.Logger) (config.Config, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	ended := make(chan error, 1)
	go func() { ended <- a.run(ctx, ln) }()
	var next config.Config
	for {
		select {
		case err := <-ended:
			if errors.Is(context.Cause(ctx), errReload) && err == nil {
				return next, errReload
			}
			return next, err
		case <-hup:
			cfg, err := c.reload(ctx, a)
			if err != nil {
				log.Error("the new configuration does not hold; the old one stays", "err", err)
				continue
			}
			next = cfg
			cancel(errReload)
		}
	}
}

// reload reads the configuration and wires an app with it, to see that it
// holds, before the running one is touched.
func (c *serveCmd) reload(ctx context.Context, a *app) (config.Config, error) {
	cfg, err := c.load()
	if err != nil {
		return cfg, err
	}
	if cfg.Data != a.cfg.Data {
		return cfg, fmt.Errorf("data moved from %s to %s: stop balie, move the directory, start it", a.cfg.Data, cfg.Data)
	}
	_, err = newApp(ctx, cfg, a.store, documentsBeside(filepath.Dir(c.Config)), a.log)
	return cfg, err
}

func newLog(c config.Log) *slog.Logger {
	var level slog.Level
	if level.UnmarshalText([]byte(c.Level)) != nil {
		level = slog.LevelInfo
	}
	o := &slog.HandlerOptions{Level: level}
	if c.Format == "text" {
		return slog.New(slog.NewTextHandler(os.Stderr, o))
	}
	return slog.New(slog.NewJSONHandler(os.Stderr, o))
}
