# Tollbridge as a container. Build:  docker build -t tollbridge .
#
# Everything that is kept lies in /data: tollbridge.yaml, tollbridge.key and the state directory. The first time:
#   mkdir data && sudo chown 1000:1000 data        # the user of the container is `node`, 1000:1000
#   docker run --rm -v "$PWD/data:/data" tollbridge init /data
# then edit data/tollbridge.yaml and start it as config/deploy/compose.yaml does.

# Stages 1 and 2 run the package manager, stage 3 has only what runs.
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
COPY handlers ./handlers
RUN npm run build && find dist -name '*.map' -delete -o -name '*.tsbuildinfo' -delete

FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# Types, source maps and the compiler, a peer of packages that offer types, are not needed to run.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
  && rm -rf node_modules/typescript node_modules/@types node_modules/.bin \
  && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
# Owned by root: the daemon cannot change its own code.
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json ./
COPY bin ./bin
# The package manager is not part of a running daemon.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /opt/yarn* \
  && install -d -o node -g node -m 0700 /data
USER node
VOLUME /data
# Exits 0 only when the relays are heard and the upstreams' payments can be followed.
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s --retries=3 \
  CMD ["node", "/app/bin/tollbridge.js", "status", "-c", "/data/tollbridge.yaml"]
# SIGTERM lets the calls in flight end; what is not done by then is resumed at the next start.
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "/app/bin/tollbridge.js"]
CMD ["run", "-c", "/data/tollbridge.yaml"]
