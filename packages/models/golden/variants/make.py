"""Makes the folders beside it: settings of model families that the other golden models do not use, tiny, with random weights.

    pip install torch==2.13.0 transformers==5.23.0 safetensors
    python make.py [name ...]

Weights are rounded to float32; logits are computed in float64 from them, with the library's float32 casts raised to float64 (its rotary
frequencies keep some float32 roundings: agreement to 1e-7 is what can be asked).
"""
import copy
import json
import math
import pathlib
import sys

import torch
import torch.nn.functional as F
import transformers as T
from safetensors.torch import save_file

HERE = pathlib.Path(__file__).parent
F64 = torch.float64
plain_to = torch.Tensor.to
plain_softmax = F.softmax


def raised_to(self, *args, **kwargs):
    args = tuple(F64 if value is torch.float32 else value for value in args)
    if kwargs.get('dtype') is torch.float32:
        kwargs['dtype'] = F64
    return plain_to(self, *args, **kwargs)


class Raised:
    def __enter__(self):
        torch.Tensor.to = raised_to
        torch.Tensor.float = lambda self: self.double()
        F.softmax = lambda x, dim=None, _stacklevel=3, dtype=None: plain_softmax(x, dim=dim)
        torch.set_default_dtype(F64)

    def __exit__(self, *_):
        torch.Tensor.to = plain_to
        del torch.Tensor.float
        F.softmax = plain_softmax
        torch.set_default_dtype(torch.float32)


BASE = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, vocab_size=61)
LINEAR = {'rope_type': 'linear', 'factor': 4.0, 'rope_theta': 10000.0}
VARIANTS = {
    'falcon-grouped': (T.FalconConfig(**BASE, new_decoder_architecture=True, num_kv_heads=2, ffn_hidden_size=64, max_position_embeddings=64), T.FalconForCausalLM),
    'falcon-alibi': (T.FalconConfig(**BASE, alibi=True, multi_query=False, parallel_attn=False, bias=True, ffn_hidden_size=64), T.FalconForCausalLM),
    'neox-sequential': (T.GPTNeoXConfig(**BASE, intermediate_size=64, use_parallel_residual=False, rotary_pct=0.5, max_position_embeddings=64, hidden_act='gelu_new'), T.GPTNeoXForCausalLM),
    'bloom-normed': (T.BloomConfig(hidden_size=32, n_layer=2, n_head=4, vocab_size=61, apply_residual_connection_post_layernorm=True), T.BloomForCausalLM),
    'opt-post': (T.OPTConfig(**BASE, ffn_dim=64, max_position_embeddings=32, do_layer_norm_before=False, word_embed_proj_dim=16, pad_token_id=1), T.OPTForCausalLM),
    'phi-headnorm': (T.PhiConfig(**BASE, intermediate_size=64, qk_layernorm=True, num_key_value_heads=2, max_position_embeddings=64), T.PhiForCausalLM),
    'qwen2-window': (T.Qwen2Config(**BASE, num_key_value_heads=2, intermediate_size=64, use_sliding_window=True, sliding_window=3, max_window_layers=1, max_position_embeddings=64), T.Qwen2ForCausalLM),
    'llama-linear-bias': (T.LlamaConfig(**BASE, num_key_value_heads=2, intermediate_size=64, attention_bias=True, mlp_bias=True, max_position_embeddings=64, rope_parameters=LINEAR), T.LlamaForCausalLM),
    'gpt2-untied': (T.GPT2Config(n_embd=32, n_layer=2, n_head=4, vocab_size=61, n_positions=32, n_inner=48, activation_function='gelu', tie_word_embeddings=False), T.GPT2LMHeadModel),
    'gemma3-six': (T.Gemma3TextConfig(hidden_size=32, num_hidden_layers=7, num_attention_heads=2, num_key_value_heads=1, head_dim=8, intermediate_size=48, vocab_size=61, sliding_window=4, query_pre_attn_scalar=16, max_position_embeddings=64, final_logit_softcapping=3.0, attn_logit_softcapping=4.0), T.Gemma3ForCausalLM),
    'olmo2': (T.Olmo2Config(**BASE, num_key_value_heads=1, intermediate_size=48, attention_bias=True, tie_word_embeddings=True, max_position_embeddings=64), T.Olmo2ForCausalLM),
    't5-relu': (T.T5Config(d_model=24, d_kv=8, d_ff=40, num_layers=2, num_decoder_layers=3, num_heads=2, vocab_size=61, relative_attention_num_buckets=8, relative_attention_max_distance=12, feed_forward_proj='relu'), T.T5ForConditionalGeneration),
    'bart-scaled': (T.BartConfig(d_model=24, encoder_layers=1, decoder_layers=2, encoder_attention_heads=2, decoder_attention_heads=4, encoder_ffn_dim=40, decoder_ffn_dim=32, vocab_size=61, max_position_embeddings=32, scale_embedding=True, activation_function='relu'), T.BartForConditionalGeneration),
    'bert-relu': (T.BertConfig(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=40, vocab_size=61, max_position_embeddings=24, hidden_act='relu', type_vocab_size=3, tie_word_embeddings=False), T.BertForMaskedLM),
    'vit-wide': (T.ViTConfig(hidden_size=24, num_hidden_layers=2, num_attention_heads=2, intermediate_size=40, image_size=12, patch_size=4, num_channels=3, qkv_bias=False, num_labels=5), T.ViTForImageClassification),
}
DROPOUTS = 'attn_pdrop resid_pdrop embd_pdrop attention_dropout hidden_dropout dropout dropout_rate attention_probs_dropout_prob hidden_dropout_prob activation_dropout'.split()


def rounded(values):
    return plain_to(plain_to(values, torch.float32), F64)


def make(name, config, model_class):
    for field in DROPOUTS:
        if hasattr(config, field):
            setattr(config, field, 0.0)
    # eager attention adds Falcon's slopes twice
    config._attn_implementation = 'sdpa' if name == 'falcon-alibi' else 'eager'
    torch.manual_seed(7)
    with Raised():
        model = model_class(config).double().eval()
    draw = torch.Generator().manual_seed(11)
    with torch.no_grad():
        for parameter_name, parameter in model.named_parameters():
            values = torch.randn(parameter.shape, generator=draw, dtype=F64)
            if parameter.ndim == 1:
                is_gain = ('norm' in parameter_name.lower() or 'ln_' in parameter_name) and parameter_name.endswith('weight')
                parameter.copy_(rounded((1.0 if is_gain else 0.0) + 0.2 * values))
            else:
                parameter.copy_(rounded(values / math.sqrt(parameter.shape[-1])))
        for buffer_name, buffer in model.named_buffers():
            if buffer_name.endswith('final_logits_bias'):
                buffer.copy_(rounded(torch.randn(buffer.shape, generator=draw, dtype=F64) * 0.2))
    folder = HERE / name
    copy.deepcopy(model).float().save_pretrained(folder)
    ids = torch.randint(3, 61, (2, 9), generator=draw)
    inputs = {'input_ids': ids}
    if name.startswith('vit'):
        inputs = {'pixel_values': rounded(torch.randn(2, 3, 12, 12, generator=draw, dtype=F64))}
    elif name.startswith('bert'):
        mask = torch.ones(2, 9, dtype=torch.long)
        mask[1, 6:] = 0
        inputs.update(attention_mask=mask, token_type_ids=torch.randint(0, 3, (2, 9), generator=draw))
    elif name.startswith(('t5', 'bart')):
        inputs.update(decoder_input_ids=torch.randint(3, 61, (2, 5), generator=draw))
    with Raised(), torch.no_grad():
        result = model(**inputs)
    values = {key: plain_to(value, torch.float32) if value.is_floating_point() else value.int() for key, value in inputs.items()}
    values['logits'] = result.logits.double().contiguous()
    if getattr(result, 'encoder_last_hidden_state', None) is not None:
        values['encoder_last_hidden'] = result.encoder_last_hidden_state.double().contiguous()
    save_file(values, folder / 'expected.safetensors')
    about = {'model': name, 'class': model_class.__name__, 'transformers': T.__version__, 'torch': torch.__version__}
    (folder / 'expected.json').write_text(json.dumps({**about, 'torch_f32_error': {}}))


for variant, (variant_config, variant_class) in VARIANTS.items():
    if len(sys.argv) == 1 or variant in sys.argv[1:]:
        make(variant, variant_config, variant_class)
