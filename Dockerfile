# balie in an image of its own: one static binary, no shell, not root.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags='-s -w' -o /out/balie ./cmd/balie && mkdir /out/data

FROM gcr.io/distroless/static-debian12:nonroot
COPY --from=build /out/balie /usr/bin/balie
# A new volume gets the owner of what it covers.
COPY --from=build --chown=65532:65532 /out/data /var/lib/balie
ENV BALIE_CONFIG=/etc/balie/balie.yaml BALIE_DATA=/var/lib/balie BALIE_LISTEN=:8080
VOLUME /var/lib/balie
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["/usr/bin/balie", "check", "--ready"]
ENTRYPOINT ["/usr/bin/balie"]
CMD ["serve"]
