package main

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/balie/balie"
	"github.com/balie/balie/channels"
)

// tracing sends spans of taking in and sending out to a collector. The nil
// tracing does nothing: without an endpoint nothing is wrapped.
type tracing struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
}

func (a *app) wireTracing(ctx context.Context) error {
	if a.cfg.Telemetry.Endpoint == "" || a.trial {
		return nil
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(a.cfg.Telemetry.Endpoint))
	if err != nil {
		return err
	}
	p := sdk.NewTracerProvider(sdk.WithBatcher(exporter))
	a.tracing = &tracing{p, p.Tracer("balie")}
	return nil
}

// flushTime bounds how long the last spans may take to go out.
const flushTime = 3 * time.Second

func (t *tracing) close() {
	if t == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), flushTime)
	defer cancel()
	t.provider.Shutdown(ctx)
}

func (t *tracing) sink(channel string, s channels.Sink) channels.Sink {
	if t == nil {
		return s
	}
	return tracedSink{s, t.tracer, channel}
}

type tracedSink struct {
	channels.Sink
	tracer  trace.Tracer
	channel string
}

// Receive is of channels.Sink.
func (s tracedSink) Receive(ctx context.Context, cursor []byte, raws ...balie.Raw) ([]balie.Receipt, error) {
	ctx, span := s.tracer.Start(ctx, "intake", trace.WithAttributes(
		attribute.String("channel", s.channel), attribute.Int("messages", len(raws))))
	defer span.End()
	out, err := s.Sink.Receive(ctx, cursor, raws...)
	mark(span, err)
	return out, err
}

func (t *tracing) sender(channel string, s channels.Sender) channels.Sender {
	if t == nil {
		return s
	}
	own, ok := s.(interface {
		channels.Renderer
		channels.Threader
	})
	if ok {
		return struct {
			tracedSender
			channels.Renderer
			channels.Threader
		}{tracedSender{s, t.tracer, channel}, own, own}
	}
	return tracedSender{s, t.tracer, channel}
}

type tracedSender struct {
	channels.Sender
	tracer  trace.Tracer
	channel string
}

// Send is of channels.Sender.
func (s tracedSender) Send(ctx context.Context, d balie.Delivery, m balie.Message, r balie.Request) (string, error) {
	ctx, span := s.tracer.Start(ctx, "send", trace.WithAttributes(
		attribute.String("channel", s.channel), attribute.String("request", r.Ref), attribute.Int("attempt", d.Attempt)))
	defer span.End()
	receipt, err := s.Sender.Send(ctx, d, m, r)
	mark(span, err)
	return receipt, err
}

// mark notes that it went wrong, not how: an error may hold an address.
func mark(span trace.Span, err error) {
	if err != nil {
		span.SetStatus(codes.Error, "failed")
	}
}
