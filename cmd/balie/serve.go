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
	// For all of the time: between two apps a SIGHUP would end the process.
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	d, err := openDoor(ctx, cfg.Listen)
	if err != nil {
		return err
	}
	for {
		slowly := hasten()
		a, err := newApp(ctx, cfg, db, documentsBeside(filepath.Dir(c.Config)), log)
		if err != nil {
			return errors.Join(err, d.close())
		}
		ln, err := d.listener()
		if ctx.Err() != nil {
			return d.close()
		}
		if err != nil {
			return err
		}
		if err := a.openSocket(); err != nil {
			return errors.Join(err, d.close())
		}
		if err := a.welcome(ctx, os.Stderr); err != nil {
			return errors.Join(err, d.close())
		}
		log.Info("ready", "listen", ln.Addr().String(), "took", time.Since(began).Round(time.Millisecond), "version", version())
		slowly()
		next, err := c.until(ctx, a, d, ln, hup)
		if !errors.Is(err, errReload) {
			return errors.Join(err, d.close())
		}
		if next.door != d {
			d.close()
		}
		cfg, d, log, began = next.cfg, next.door, newLog(next.cfg.Log), time.Now()
	}
}

// following is what the next app is made of.
type following struct {
	cfg  config.Config
	door *door
}

// until runs an app to its end; errReload comes with what follows.
func (c *serveCmd) until(ctx context.Context, a *app, d *door, ln net.Listener, hup <-chan os.Signal) (following, error) {
	running, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	ended := make(chan error, 1)
	go func() { ended <- a.run(running, ln) }()
	var next following
	for {
		select {
		case err := <-ended:
			if errors.Is(context.Cause(running), errReload) && err == nil {
				return next, errReload
			}
			return next, err
		case <-hup:
			if context.Cause(running) != nil {
				continue // one is under way
			}
			f, err := c.reload(ctx, a, d)
			if err != nil {
				a.log.Error("the new configuration does not hold; the old one stays", "err", err)
				continue
			}
			next = f
			cancel(errReload)
		}
	}
}

// reload reads the configuration, wires an app with it and listens where it
// says, to see that it holds, before the running one is touched.
func (c *serveCmd) reload(ctx context.Context, a *app, d *door) (following, error) {
	cfg, err := c.load()
	if err != nil {
		return following{}, err
	}
	if cfg.Data != a.cfg.Data {
		return following{}, cfg.Invalid("data", fmt.Sprintf("the store moved from %s to %s while balie runs", a.cfg.Data, cfg.Data), "stop balie, move the directory, start it")
	}
	if err := tryApp(ctx, cfg, a.store, documentsBeside(filepath.Dir(c.Config)), a.log); err != nil {
		return following{}, err
	}
	if cfg.Listen == a.cfg.Listen {
		return following{cfg, d}, nil
	}
	d, err = openDoor(ctx, cfg.Listen)
	return following{cfg, d}, err
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
