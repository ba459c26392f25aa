# Clearcut on the CPU. Build: docker build -t clearcut .
# On NVIDIA GPUs:      docker build --target cuda -t clearcut:cuda .      (see docs/gpu.md)
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY src ./src
COPY assembly ./assembly
COPY infra/build-wasm.mjs ./infra/
RUN npm run build && npm prune --omit=dev

FROM build AS build-cuda
COPY infra/gpu.mjs ./infra/
RUN node infra/gpu.mjs

# cuDNN 9 and a CUDA 12 that knows GPUs up to Blackwell; drivers from 525 on run it.
FROM nvidia/cuda:12.8.1-cudnn-runtime-ubuntu22.04 AS cuda
WORKDIR /app
ENV NODE_ENV=production \
    UV_THREADPOOL_SIZE=8 \
    MALLOC_ARENA_MAX=2 \
    CLEARCUT_DEVICE=cuda \
    CLEARCUT_ROOT=/data \
    CLEARCUT_MODEL_CACHE=/models \
    CLEARCUT_HTTP_HOST=0.0.0.0
COPY --from=build-cuda /usr/local/bin/node /usr/local/bin/node
COPY --from=build-cuda /app/node_modules ./node_modules
COPY --from=build-cuda /app/dist ./dist
COPY package.json LICENSE ./
COPY models ./models
COPY web ./web
RUN useradd --create-home --uid 1000 node && mkdir /data /models && chown node:node /data /models
USER 1000
VOLUME ["/data", "/models"]
EXPOSE 8787
# Choosing kernels for every size of batch takes a while on each start.
HEALTHCHECK --interval=10s --timeout=3s --start-period=300s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8787/readyz').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/cli.js"]
CMD ["run"]

# The last stage is what is built unless another is named.
FROM node:24-bookworm-slim AS cpu
WORKDIR /app
ENV NODE_ENV=production \
    # Before the start or not at all: threads for images, and memory that does not fragment.
    UV_THREADPOOL_SIZE=8 \
    MALLOC_ARENA_MAX=2 \
    CLEARCUT_ROOT=/data \
    CLEARCUT_MODEL_CACHE=/models \
    CLEARCUT_HTTP_HOST=0.0.0.0
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE ./
COPY models ./models
COPY web ./web
RUN mkdir /data /models && chown node:node /data /models
USER 1000
VOLUME ["/data", "/models"]
EXPOSE 8787
HEALTHCHECK --interval=10s --timeout=3s --start-period=120s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8787/readyz').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/cli.js"]
CMD ["run"]
