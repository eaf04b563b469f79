"""Makes beams.json beside it: texts that transformers' beam search finds with golden models of ../models.

    pip install torch==2.13.0 transformers==5.23.0
    python make.py

`early_stopping="never"`: the search ends when no open text can still become better than the finished ones. transformers divides by the length of the
text behind the prompt, as here. Weights and sums are float32.
"""
import json
import pathlib

import torch
import transformers as T

HERE = pathlib.Path(__file__).parent
CASES = [
    ('llama-gqa', 3, 8, 1.0, None),
    ('llama-gqa', 4, 10, 0.0, 'second'),
    ('gpt2', 4, 8, 1.0, 'second'),
    ('gpt2', 2, 12, 2.0, None),
    ('qwen3', 5, 6, 1.0, 'first'),
]


def case(name, beams, steps, penalty, stop_from):
    model = T.AutoModelForCausalLM.from_pretrained(HERE.parent / 'models' / name, dtype=torch.float32).eval()
    prompt = torch.tensor([[3, 1, 4, 1, 5]])
    common = dict(max_new_tokens=steps, do_sample=False, pad_token_id=0, bos_token_id=None)
    stop = None
    if stop_from is not None:
        # A token that likely texts have early, so that some of them end by it.
        greedy = model.generate(prompt, eos_token_id=None, **common)[0, 5:].tolist()
        stop = greedy[0 if stop_from == 'first' else 1]
    found = model.generate(
        prompt, num_beams=beams, num_return_sequences=beams, length_penalty=penalty, early_stopping='never', eos_token_id=stop,
        return_dict_in_generate=True, output_scores=True, **common,
    )
    texts = []
    for row, score in zip(found.sequences[:, 5:].tolist(), found.sequences_scores.tolist()):
        texts.append({'tokens': row[: row.index(stop)] if stop is not None and stop in row else row, 'score': score})
    return {'model': name, 'prompt': prompt[0].tolist(), 'beams': beams, 'steps': steps, 'length_penalty': penalty, 'stop': stop, 'texts': texts}


cases = [case(*each) for each in CASES]
about = {'transformers': T.__version__, 'torch': torch.__version__}
(HERE / 'beams.json').write_text(json.dumps({**about, 'cases': cases}, indent=1) + '\n')
