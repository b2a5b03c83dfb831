"""Orders know who paid them and where they went, by hashes; referrals who cleared them. It only adds."""

from models import ddl
from models.ddl import PartialIndex
from tortoise import fields


class Migration(ddl.Migration):
    dependencies = [('models', '0024_commissions')]

    initial = False

    operations = [
        ddl.AddField(
            model_name='Purchase',
            name='payer_hash',
            field=fields.CharField(null=True, max_length=64),
        ),
        ddl.AddField(
            model_name='Purchase',
            name='address_hash',
            field=fields.CharField(null=True, max_length=64),
        ),
        ddl.AddIndex(
            model_name='Purchase',
            index=PartialIndex(fields=['payer_hash', 'member_id'], name='purchase_payer', condition='payer_hash IS NOT NULL'),
        ),
        ddl.AddIndex(
            model_name='Purchase',
            index=PartialIndex(fields=['address_hash', 'member_id'], name='purchase_address', condition='address_hash IS NOT NULL'),
        ),
        ddl.AddField(
            model_name='Referral',
            name='cleared',
            field=fields.SmallIntField(null=True),
        ),
        ddl.AddField(
            model_name='Referral',
            name='review_until',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ddl.AddIndex(
            model_name='Referral',
            index=PartialIndex(fields=['review_until', 'referee_id'], name='referral_unreviewed', condition="state = 'REVIEW'"),
        ),
    ]
