"""A convolutional network of torch whose channels follow policies: only what they tell each other on the way back changes."""

import torch
from torch import nn

import neuronet


def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        *(nn.Conv2d(1, 6, 3, stride=2, padding=1), nn.BatchNorm2d(6), nn.ReLU()),
        *(nn.Conv2d(6, 12, 3, padding=1), nn.ReLU()),
        *(nn.Flatten(), nn.Linear(12 * 4 * 4, 10)),
    )


def load(samples: neuronet.Samples) -> tuple[torch.Tensor, torch.Tensor]:
    given = samples.scaled()
    return torch.as_tensor(given.inputs).float().reshape(-1, 1, 8, 8), torch.as_tensor(given.targets)


torch.set_num_threads(1)
digits = neuronet.Digits()
images, labels = load(digits.train)
test_images, test_labels = load(digits.test)

rows = {
    "torch itself": None,
    "attention": neuronet.AttentionSeeking(),
    "attention, p = 1": neuronet.AttentionSeeking(p=1),
    "greedy": neuronet.Greedy(top=3),
    "greedy at the last layer's input alone": {"6": neuronet.Greedy(top=3)},
}
for name, policy in rows.items():
    module = network() if policy is None else neuronet.convert(network(), policy)
    optimizer = torch.optim.Adam(module.parameters(), 0.003)
    order = torch.Generator().manual_seed(0)
    for _ in range(3):
        for batch in torch.randperm(len(images), generator=order).split(32):
            optimizer.zero_grad()
            nn.functional.cross_entropy(module(images[batch]), labels[batch]).backward()
            optimizer.step()
    plain = neuronet.revert(module).eval()
    with torch.no_grad():
        accuracy = (plain(test_images).argmax(1) == test_labels).float().mean()
    print(f"{name}: test accuracy {accuracy:.4f}, first weight {next(plain.parameters()).flatten()[0]:.8f}")
