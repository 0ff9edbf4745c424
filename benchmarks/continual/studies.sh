#!/usr/bin/env bash
# The studies of docs/continual-study.md: some hours on 2 cores. An interrupted study resumes. First argument: the folder of all studies.
set -euo pipefail
into=${1:?missing the folder of the studies}

study() { # folder, protocol, policies, options
    neuronet continual "$2" --policies "$3" --tune "${@:4}" --out "$into/$1"
}

main='backprop,keeping-promises,ewc(samples=2000),si'
study domain 'split-domain' "$main" fashion-mnist --trials 6 --tuning-seeds 3 --seeds 30
study permuted 'permuted' "$main" fashion-mnist --trials 8 --max-range-extensions 1 --tuning-seeds 3 --seeds 20
study class 'split-class' "$main" fashion-mnist --trials 6 --max-range-extensions 1 --tuning-seeds 3 --seeds 20
long='backprop,keeping-promises,ewc(strength=1,samples=2000),ewc-online(samples=2000),si'
study stream 'permuted(tasks=50)' "$long" mnist5k --hidden 100,100 --iterations 100 --trials 6 --max-range-extensions 1 --tuning-seeds 2 --seeds 5

credit='backprop,backprop(optimizer="momentum"),backprop(optimizer="adam"),random-feedback,sign-symmetric'
policies='keeping-promises,keeping-promises(sign-symmetric),keeping-promises(random-feedback),income-protecting'
policies="$policies,income-protecting(account=\"neuron\"),income-protecting(decay=0.001),income-protecting(random-feedback),diminishing-returns"
baselines='ewc,ewc-online,si,mas,lwf,gpm,owm,k-winners,frozen,replay(samples_per_task=500),joint'
for protocol in 'permuted(tasks=5)' 'split-domain'; do
    study "trial-${protocol%%(*}" "$protocol" "$credit,$policies,$baselines" digits --hidden 100,100 --iterations 100 --batch-size 32 \
        --trials 6 --max-range-extensions 1 --tuning-seeds 3 --seeds 20
done
