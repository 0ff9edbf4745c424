"""Watch one neuron of a Mesa model: its utility, and who among its listeners pays most, while the network learns."""

from mesa.datacollection import DataCollector

from neuronet import AttentionSeeking, Digits, Momentum, NeuronModel, Setup, build_network

setup = Setup(build_network([64, 16, 10]), AttentionSeeking(), Momentum(), learning_rate=0.02)
model = NeuronModel(setup, environment=Digits(), batch_size=32)
neuron = model.neuron(64)  # nodes 0 to 63 are the inputs
collector = DataCollector(
    model_reporters={
        "loss": "loss",
        "utility": lambda model: neuron.utility(),
        "pays most": lambda model: int(abs(neuron.attention).argmax()),
    }
)
for _ in range(180):
    model.step()
    collector.collect(model)
print(collector.get_model_vars_dataframe().iloc[::30].to_string())
model.close()
