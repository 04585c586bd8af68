# syntax=docker/dockerfile:1

# The production image: one static binary, run as nobody, with no shell and nothing else to keep up to date.

FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/var/cache/go-build \
    CGO_ENABLED=0 GOCACHE=/var/cache/go-build go build -trimpath -buildvcs=false -ldflags="-s -w" -o /out/legato ./cmd/legato
# Time zones, for clock times in a person's own zone, and the authorities that TLS connections trust.
RUN cp "$(go env GOROOT)/lib/time/zoneinfo.zip" /out/zoneinfo.zip && cp /etc/ssl/certs/ca-certificates.crt /out/

FROM scratch
COPY --from=build /out/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/zoneinfo.zip /zoneinfo.zip
COPY --from=build /out/legato /legato
ENV ZONEINFO=/zoneinfo.zip \
    LEGATO_LISTEN=0.0.0.0:8080 \
    LEGATO_DEFINITIONS=/definitions
# By number, as there is no user list here: the one that Debian calls nobody.
USER 65534:65534
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s CMD ["/legato", "health"]
ENTRYPOINT ["/legato"]
CMD ["serve"]
